import type { PublisherSession } from "../contract.js";
import type { MemoryLimits } from "./options.js";

/** Where an admitted publish ended up, kept to answer its repeats with. */
export interface Outcome {
  readonly epoch: string;
  readonly offset: number;
  readonly id: string;
  readonly digest: string;
  readonly atMs: number;
}

/** A publisher session as admission sees it. */
export interface KnownSession {
  /** The newest generation; the ones before it have ended. */
  readonly generation: number;
  /** Newest seq that was admitted in it. */
  readonly last: number;
  /** The outcome of a seq, of the newest ones. */
  outcome(seq: number): Outcome | undefined;
}

/** What names a publish, so that its repeats are known. */
export interface RememberedPublish {
  readonly keyName?: string;
  readonly session?: PublisherSession;
}

/** What a channel remembers of its publishers. */
export interface Publishers {
  /** Whether nothing is remembered (after `expire`). */
  readonly empty: boolean;
  /** Forgets keys past their window and sessions past their idle time. */
  expire(nowMs: number): void;
  /** How many keys are remembered. */
  readonly keyCount: number;
  /** When the longest remembered key was published. */
  readonly oldestKeyMs: number | undefined;
  key(name: string): Outcome | undefined;
  session(id: string): KnownSession | undefined;
  /** Remembers an append under its key and as its session's last; a higher generation forgets the one before. */
  remember(publish: RememberedPublish, outcome: Outcome): void;
  /** A seq turned out to repeat what another session had published: it is its session's last all the same. */
  rememberRepeat(session: PublisherSession, outcome: Outcome, nowMs: number): void;
  /** Whether there is room for another session, after forgetting one that no repeat can name any more. */
  makeSessionRoom(nowMs: number): boolean;
  /** Forgets whatever was appended after `upTo`: those entries were lost and may be published again. */
  cut(upTo: number): void;
  /** The same memory again, independent of this one. */
  copy(): Publishers;
}

interface Session {
  readonly generation: number;
  last: number;
  usedMs: number;
  /** Newest outcomes by seq, oldest first. */
  readonly outcomes: Map<number, Outcome>;
}

/** What a channel remembers of its publishers, in memory. */
export class PublisherMemory implements Publishers {
  readonly #limits: MemoryLimits;
  /** In order of publishing, so that expiry looks at the front only. */
  #keys = new Map<string, Outcome>();
  /** In order of use. */
  #sessions = new Map<string, Session>();

  constructor(limits: MemoryLimits) {
    this.#limits = limits;
  }

  get empty(): boolean {
    return this.#keys.size === 0 && this.#sessions.size === 0;
  }

  get keyCount(): number {
    return this.#keys.size;
  }

  get oldestKeyMs(): number | undefined {
    return this.#keys.values().next().value?.atMs;
  }

  expire(nowMs: number): void {
    for (const [name, outcome] of this.#keys) {
      if (nowMs - outcome.atMs < this.#limits.keyWindowMs) break;
      this.#keys.delete(name);
    }
    for (const [id, session] of this.#sessions) {
      if (nowMs - session.usedMs < this.#limits.sessionIdleMs) break;
      this.#sessions.delete(id);
    }
  }

  key(name: string): Outcome | undefined {
    return this.#keys.get(name);
  }

  session(id: string): KnownSession | undefined {
    const session = this.#sessions.get(id);
    if (session === undefined) return undefined;
    const { generation, last, outcomes } = session;
    return { generation, last, outcome: (seq) => outcomes.get(seq) };
  }

  remember({ keyName, session }: RememberedPublish, outcome: Outcome): void {
    if (keyName !== undefined) this.#keys.set(keyName, outcome);
    if (session !== undefined) this.rememberRepeat(session, outcome, outcome.atMs);
  }

  rememberRepeat(
    { id, seq, generation = 0 }: PublisherSession,
    outcome: Outcome,
    nowMs: number,
  ): void {
    const known = this.#sessions.get(id);
    const session =
      known?.generation === generation
        ? known
        : { generation, last: 0, usedMs: nowMs, outcomes: new Map() };
    session.last = seq;
    session.usedMs = nowMs;
    session.outcomes.set(seq, outcome);
    if (session.outcomes.size > this.#limits.maxSessionOutcomes) {
      session.outcomes.delete(seq - this.#limits.maxSessionOutcomes);
    }
    this.#sessions.delete(id);
    this.#sessions.set(id, session);
  }

  makeSessionRoom(nowMs: number): boolean {
    if (this.#sessions.size < this.#limits.maxSessionsPerChannel) return true;
    const oldest = this.#sessions.entries().next().value;
    if (oldest === undefined || nowMs - oldest[1].usedMs < this.#limits.keyWindowMs) return false;
    this.#sessions.delete(oldest[0]);
    return true;
  }

  cut(upTo: number): void {
    for (const [name, outcome] of this.#keys) {
      if (outcome.offset > upTo) this.#keys.delete(name);
    }
    for (const session of this.#sessions.values()) {
      const seqs = [...session.outcomes];
      const lost = seqs.findIndex(([, outcome]) => outcome.offset > upTo);
      if (lost < 0) continue;
      for (const [seq] of seqs.slice(lost)) session.outcomes.delete(seq);
      // With no outcome left nobody can tell where the session stands: it must begin anew.
      session.last = seqs[lost - 1]?.[0] ?? 0;
    }
  }

  copy(): PublisherMemory {
    const copy = new PublisherMemory(this.#limits);
    copy.#keys = new Map(this.#keys);
    for (const [id, session] of this.#sessions) {
      copy.#sessions.set(id, { ...session, outcomes: new Map(session.outcomes) });
    }
    return copy;
  }
}
