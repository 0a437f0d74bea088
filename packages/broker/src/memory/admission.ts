import { type Failure, failure } from "@holdfast/protocol";
import type { PublisherSession, PublishRequest } from "../contract.js";
import type { MemoryLimits } from "./options.js";
import type { Outcome, Publishers, RememberedPublish } from "./publishers.js";

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

/** Decides by what a channel remembers of its publishers. A refused publish consumes neither key nor seq. */
export class Admission {
  readonly #limits: MemoryLimits;
  readonly #publishers: Publishers;
  /** The last key and its name: what is judged is mostly remembered next. */
  #scope = "";
  #value = "";
  #name = keyName({ scope: "", value: "" });

  constructor(limits: MemoryLimits, publishers: Publishers) {
    this.#limits = limits;
    this.#publishers = publishers;
  }

  /** Judges a publish; `digest` is that of its payload. */
  judge(request: PublishRequest, digest: string, nowMs: number): Verdict {
    const publishers = this.#publishers;
    publishers.expire(nowMs);
    const { session, key } = request;
    if (session !== undefined) {
      const verdict = this.#judgeSession(session, digest, nowMs);
      if (verdict !== undefined) return verdict;
    }
    if (key !== undefined) {
      const outcome = publishers.key(this.#nameOf(key));
      if (outcome !== undefined) {
        if (outcome.digest !== digest) return refused(failure("conflict"));
        // The repeat came in a new session: its place in that session's order is taken.
        if (session !== undefined) publishers.rememberRepeat(session, outcome, nowMs);
        return seen(outcome);
      }
      if (publishers.keyCount >= this.#limits.maxKeysPerChannel) return refused(this.#full(nowMs));
    }
    return fresh;
  }

  /** Remembers an append. */
  remember({ key, session }: PublishRequest, outcome: Outcome): void {
    // Field by field: spreading optional ones costs several times as much.
    const publish: { -readonly [Name in keyof RememberedPublish]: RememberedPublish[Name] } = {};
    if (key !== undefined) publish.keyName = this.#nameOf(key);
    if (session !== undefined) publish.session = session;
    this.#publishers.remember(publish, outcome);
  }

  #nameOf({ scope, value }: NonNullable<PublishRequest["key"]>): string {
    if (this.#value !== value || this.#scope !== scope) {
      this.#scope = scope;
      this.#value = value;
      this.#name = keyName({ scope, value });
    }
    return this.#name;
  }

  /** undefined: the publish is the session's next. */
  #judgeSession(
    { id, seq, generation = 0 }: PublisherSession,
    digest: string,
    nowMs: number,
  ): Verdict | undefined {
    const known = this.#publishers.session(id);
    if (known !== undefined && generation < known.generation) {
      const message = `The session has gone on to generation ${known.generation}.`;
      return refused(failure("out_of_order", message));
    }
    const current = known?.generation === generation ? known : undefined;
    const last = current?.last ?? 0;
    if (seq === last + 1) {
      if (known !== undefined || this.#publishers.makeSessionRoom(nowMs)) return undefined;
      return refused(failure("busy", "The channel has too many publisher sessions."));
    }
    const outcome = current?.outcome(seq);
    if (outcome === undefined) {
      const message = `The session's next seq is ${last + 1}, not ${seq}.`;
      return refused(failure("out_of_order", message));
    }
    return outcome.digest === digest ? seen(outcome) : refused(failure("conflict"));
  }

  #full(nowMs: number): Failure {
    const oldestMs = this.#publishers.oldestKeyMs;
    const retryAfterMs =
      oldestMs === undefined ? 0 : Math.ceil(oldestMs + this.#limits.keyWindowMs - nowMs);
    return failure("busy", "The channel remembers too many publish keys.", { retryAfterMs });
  }
}
