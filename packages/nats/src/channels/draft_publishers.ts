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

/** A session that something was decided in, on top of what was remembered of its generation. */
class Touched implements KnownSession {
  readonly generation: number;
  last = 0;
  readonly #added = new Map<number, Outcome>();
  readonly #before: Session["outcomes"] | undefined;

  constructor(generation: number, before: Session | undefined) {
    this.generation = generation;
    this.#before = before?.generation === generation ? before.outcomes : undefined;
  }

  outcome(seq: number): Outcome | undefined {
    return this.#added.get(seq) ?? this.#before?.get(seq);
  }

  add(seq: number, outcome: Outcome): void {
    this.last = seq;
    this.#added.set(seq, outcome);
  }
}

/** What a channel remembers of its publishers, with what is about to be decided on top. */
export class DraftPublishers implements Publishers {
  readonly #ops: ChannelOp[];
  readonly #base: ChannelState;
  readonly #limits: NatsLimits;
  readonly #keys = new Map<string, Outcome>();
  readonly #touched = new Map<string, Touched>();
  readonly #forgotten = new Set<string>();
  #expiredMs = Number.NEGATIVE_INFINITY;

  /** What is to be remembered is noted in `ops`. */
  constructor(base: ChannelState, limits: NatsLimits, ops: ChannelOp[]) {
    this.#base = base;
    this.#limits = limits;
    this.#ops = ops;
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
    // All publishes of a batch are decided at the same time.
    if (nowMs === this.#expiredMs) return;
    this.#expiredMs = nowMs;
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
    if (touched !== undefined) return touched;
    const base = this.#baseSession(id);
    return base && known(base);
  }

  remember({ keyName, session }: RememberedPublish, outcome: Outcome): void {
    if (keyName !== undefined) this.#keys.set(keyName, outcome);
    if (session !== undefined) this.#touch(session, outcome);
    const op = this.#ops.pop();
    if (op?.[0] !== "a") throw new Error("only what was just appended is remembered");
    const [, entry, bytes, atMs] = op;
    const { id = null, generation = 0, seq = 0 } = session ?? {};
    const { digest } = outcome;
    this.#ops.push(["p", entry, bytes, atMs, digest, keyName ?? null, id, generation, seq]);
  }

  rememberRepeat(session: PublisherSession, outcome: Outcome, nowMs: number): void {
    this.#touch(session, outcome);
    const { id, seq, generation = 0 } = session;
    this.#ops.push(["s", id, generation, seq, storedOutcome(outcome), nowMs]);
  }

  makeSessionRoom(nowMs: number): boolean {
    const { sessions } = this.#base;
    const count = sessions.size + this.#touched.size - this.#forgotten.size;
    if (count < this.#limits.maxSessionsPerChannel) return true;
    for (const [id, { usedMs }] of sessions) {
      if (this.#forgotten.has(id) || this.#touched.has(id)) continue;
      if (nowMs - usedMs < this.#limits.keyWindowMs) return false;
      this.#forgotten.add(id);
      this.#ops.push(["f", id]);
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

  #touch({ id, seq, generation = 0 }: PublisherSession, outcome: Outcome): void {
    let touched = this.#touched.get(id);
    if (touched?.generation !== generation) {
      touched = new Touched(generation, this.#baseSession(id));
      this.#touched.set(id, touched);
    }
    touched.add(seq, outcome);
  }

  #baseSession(id: string): Session | undefined {
    return this.#forgotten.has(id) ? undefined : this.#base.sessions.get(id);
  }
}

function known({ generation, last, outcomes }: Session): KnownSession {
  return { generation, last, outcome: (seq) => outcomes.get(seq) };
}
