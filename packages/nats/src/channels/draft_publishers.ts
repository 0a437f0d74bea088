import type { PublishRequest } from "@holdfast/broker";
import type {
  KnownSession,
  Outcome,
  Publishers,
  RememberedPublish,
} from "@holdfast/broker/internal";
import type { NatsLimits } from "../limits.js";
import { type ChannelOp, storedOutcome } from "./ops.js";
import type { ChannelState, Session } from "./state.js";

type PublisherSession = NonNullable<PublishRequest["session"]>;

interface Touched {
  readonly generation: number;
  last: number;
  readonly added: Map<number, Outcome>;
}

/** What a channel remembers of its publishers, with what is about to be decided on top. */
export class DraftPublishers implements Publishers {
  readonly ops: ChannelOp[] = [];
  readonly #base: ChannelState;
  readonly #limits: NatsLimits;
  readonly #keys = new Map<string, Outcome>();
  readonly #touched = new Map<string, Touched>();
  readonly #forgotten = new Set<string>();

  constructor(base: ChannelState, limits: NatsLimits) {
    this.#base = base;
    this.#limits = limits;
  }

  get empty(): boolean {
    return this.keyCount === 0 && this.#base.sessions.size + this.#touched.size === 0;
  }

  get keyCount(): number {
    return this.#base.keys.size + this.#keys.size;
  }

  get oldestKeyMs(): number | undefined {
    const first = this.#base.keys.values().next().value ?? this.#keys.values().next().value;
    return first?.atMs;
  }

  /** What time has run out on is forgotten by whoever looks; no step has to say so. */
  expire(nowMs: number): void {
    const { keys, sessions } = this.#base;
    for (const [name, outcome] of keys) {
      if (nowMs - outcome.atMs < this.#limits.keyWindowMs) break;
      keys.delete(name);
    }
    for (const [id, session] of sessions) {
      if (nowMs - session.usedMs < this.#limits.sessionIdleMs) break;
      sessions.delete(id);
    }
  }

  key(name: string): Outcome | undefined {
    return this.#keys.get(name) ?? this.#base.keys.get(name);
  }

  session(id: string): KnownSession | undefined {
    const touched = this.#touched.get(id);
    const base = this.#baseSession(id);
    if (touched === undefined) return base && known(base);
    const { generation, last, added } = touched;
    const before = base?.generation === generation ? base.outcomes : undefined;
    return { generation, last, outcome: (seq) => added.get(seq) ?? before?.get(seq) };
  }

  remember({ keyName, session }: RememberedPublish, outcome: Outcome): void {
    if (keyName !== undefined) {
      this.#keys.set(keyName, outcome);
      this.ops.push(["k", keyName, storedOutcome(outcome)]);
    }
    if (session !== undefined) this.rememberRepeat(session, outcome, outcome.atMs);
  }

  rememberRepeat(
    { id, seq, generation = 0 }: PublisherSession,
    outcome: Outcome,
    nowMs: number,
  ): void {
    const before = this.#touched.get(id);
    const touched =
      before?.generation === generation
        ? before
        : { generation, last: seq, added: new Map<number, Outcome>() };
    touched.last = seq;
    touched.added.set(seq, outcome);
    this.#touched.set(id, touched);
    this.ops.push(["s", id, generation, seq, storedOutcome(outcome), nowMs]);
  }

  makeSessionRoom(nowMs: number): boolean {
    const { sessions } = this.#base;
    const count = sessions.size + this.#touched.size - this.#forgotten.size;
    if (count < this.#limits.maxSessionsPerChannel) return true;
    for (const [id, { usedMs }] of sessions) {
      if (this.#forgotten.has(id) || this.#touched.has(id)) continue;
      if (nowMs - usedMs < this.#limits.keyWindowMs) return false;
      this.#forgotten.add(id);
      this.ops.push(["f", id]);
      return true;
    }
    return false;
  }

  cut(): never {
    throw new Error("what was decided is never taken back");
  }

  copy(): never {
    throw new Error("a draft is not kept");
  }

  #baseSession(id: string): Session | undefined {
    return this.#forgotten.has(id) ? undefined : this.#base.sessions.get(id);
  }
}

function known({ generation, last, outcomes }: Session): KnownSession {
  return { generation, last, outcome: (seq) => outcomes.get(seq) };
}
