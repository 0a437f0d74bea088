import { type Failure, failure } from "@holdfast/protocol";
import type { PublishRequest } from "../contract.js";
import type { MemoryLimits } from "./options.js";

/** Where an admitted publish ended up, kept to answer its repeats with. */
export interface Outcome {
  readonly epoch: string;
  readonly offset: number;
  readonly id: string;
  readonly digest: string;
  readonly atMs: number;
}

interface Session {
  last: number;
  usedMs: number;
  /** Newest outcomes by seq, oldest first. */
  readonly outcomes: Map<number, Outcome>;
}

/** What to do with a publish. */
export type Verdict =
  | { readonly kind: "new" }
  | { readonly kind: "seen"; readonly outcome: Outcome }
  | { readonly kind: "refused"; readonly failure: Failure };

const fresh: Verdict = { kind: "new" };
const seen = (outcome: Outcome): Verdict => ({ kind: "seen", outcome });
const refused = (reason: Failure): Verdict => ({ kind: "refused", failure: reason });

/** Length first, so that no scope and value can be mistaken for another pair. */
function keyName(key: { scope: string; value: string }): string {
  return `${key.scope.length}:${key.scope}${key.value}`;
}

/** A channel's memory of publish keys and publisher sessions. A refused publish consumes neither. */
export class Admission {
  readonly #limits: MemoryLimits;
  /** In order of publishing, so that expiry looks at the front only. */
  #keys = new Map<string, Outcome>();
  /** In order of use. */
  #sessions = new Map<string, Session>();

  constructor(limits: MemoryLimits) {
    this.#limits = limits;
  }

  /** Whether nothing is remembered (after `expire`). */
  get empty(): boolean {
    return this.#keys.size === 0 && this.#sessions.size === 0;
  }

  /** Judges a publish; `digest` is that of its payload. */
  judge(request: PublishRequest, digest: string, nowMs: number): Verdict {
    this.expire(nowMs);
    const { session, key } = request;
    if (session !== undefined) {
      const verdict = this.#judgeSession(session, digest);
      if (verdict !== undefined) return verdict;
      if (!this.#sessions.has(session.id) && !this.#sessionRoom(nowMs)) {
        return refused(failure("busy", "The channel has too many publisher sessions."));
      }
    }
    if (key !== undefined) {
      const outcome = this.#keys.get(keyName(key));
      if (outcome !== undefined) {
        if (outcome.digest !== digest) return refused(failure("conflict"));
        // The repeat came in a new session: its place in that session's order is taken.
        if (session !== undefined) this.#rememberSession(session, outcome, nowMs);
        return seen(outcome);
      }
      if (this.#keys.size >= this.#limits.maxKeysPerChannel) return refused(this.#full(nowMs));
    }
    return fresh;
  }

  /** Remembers an append. */
  remember(request: PublishRequest, outcome: Outcome): void {
    if (request.key !== undefined) this.#keys.set(keyName(request.key), outcome);
    if (request.session !== undefined) {
      this.#rememberSession(request.session, outcome, outcome.atMs);
    }
  }

  /** Forgets keys past their window and sessions past their idle time. */
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

  /** Forgets whatever was appended after `upTo`: those entries were lost and may be published again. */
  cut(upTo: number): void {
    for (const [name, outcome] of this.#keys) {
      if (outcome.offset > upTo) this.#keys.delete(name);
    }
    for (const [id, session] of this.#sessions) {
      const seqs = [...session.outcomes];
      const lost = seqs.findIndex(([, outcome]) => outcome.offset > upTo);
      if (lost < 0) continue;
      for (const [seq] of seqs.slice(lost)) session.outcomes.delete(seq);
      // With no outcome left nobody can tell where the session stands: it must begin anew.
      const kept = seqs[lost - 1];
      if (kept === undefined) this.#sessions.delete(id);
      else session.last = kept[0];
    }
  }

  /** The same memory again, independent of this one. */
  copy(): Admission {
    const copy = new Admission(this.#limits);
    copy.#keys = new Map(this.#keys);
    for (const [id, session] of this.#sessions) {
      copy.#sessions.set(id, { ...session, outcomes: new Map(session.outcomes) });
    }
    return copy;
  }

  /** undefined: the publish is the session's next. */
  #judgeSession(session: { id: string; seq: number }, digest: string): Verdict | undefined {
    const known = this.#sessions.get(session.id);
    const last = known?.last ?? 0;
    if (session.seq === last + 1) return undefined;
    const outcome = known?.outcomes.get(session.seq);
    if (outcome === undefined) {
      const message = `The session's next seq is ${last + 1}, not ${session.seq}.`;
      return refused(failure("out_of_order", message));
    }
    return outcome.digest === digest ? seen(outcome) : refused(failure("conflict"));
  }

  #rememberSession(session: { id: string; seq: number }, outcome: Outcome, nowMs: number): void {
    const known = this.#sessions.get(session.id) ?? { last: 0, usedMs: nowMs, outcomes: new Map() };
    known.last = session.seq;
    known.usedMs = nowMs;
    known.outcomes.set(session.seq, outcome);
    if (known.outcomes.size > this.#limits.maxSessionOutcomes) {
      known.outcomes.delete(session.seq - this.#limits.maxSessionOutcomes);
    }
    this.#sessions.delete(session.id);
    this.#sessions.set(session.id, known);
  }

  /** Makes room for a session by forgetting the longest unused, but never one a repeat may still name. */
  #sessionRoom(nowMs: number): boolean {
    if (this.#sessions.size < this.#limits.maxSessionsPerChannel) return true;
    const oldest = this.#sessions.entries().next().value;
    if (oldest === undefined || nowMs - oldest[1].usedMs < this.#limits.keyWindowMs) return false;
    this.#sessions.delete(oldest[0]);
    return true;
  }

  #full(nowMs: number): Failure {
    const oldest = this.#keys.values().next().value;
    const retryAfterMs =
      oldest === undefined ? 0 : Math.ceil(oldest.atMs + this.#limits.keyWindowMs - nowMs);
    return failure("busy", "The channel remembers too many publish keys.", { retryAfterMs });
  }
}
