import type { Clock } from "@holdfast/core";
import type { Identity } from "@holdfast/protocol";

interface Times {
  /** When it was revoked, by the wall clock. */
  readonly atMs: number;
  /** From when on no token it concerns can be valid any more. */
  readonly untilMs: number;
}

/** Tokens that are no longer valid: one, or all of a user that were issued before a time. */
export type Revocation =
  | (Times & { readonly tokenId: string })
  | (Times & { readonly user: string; readonly beforeMs: number });

/** Tells a revocation from what an engine may hold otherwise. */
export function isRevocation(value: unknown): value is Revocation {
  if (typeof value !== "object" || value === null) return false;
  const { tokenId, user, beforeMs, atMs, untilMs } = value as Record<string, unknown>;
  if (!Number.isFinite(atMs) || !Number.isFinite(untilMs)) return false;
  return typeof tokenId === "string" || (typeof user === "string" && Number.isFinite(beforeMs));
}

/** What a revocation is about, as one text. */
export function subjectOf(revocation: Revocation): string {
  return "tokenId" in revocation ? `t:${revocation.tokenId}` : `u:${revocation.user}`;
}

/**
 * Every revocation that a token could still fall under, in the order they came. Past the bound the
 * oldest is forgotten, and with it the trust in all tokens that were issued before it was made: what
 * cannot be remembered is refused, not forgiven.
 */
export class Revocations {
  readonly #clock: Clock;
  readonly #maxCount: number;
  readonly #kept = new Map<string, Revocation>();
  #nothingBeforeMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, maxCount: number) {
    this.#clock = clock;
    this.#maxCount = maxCount;
  }

  get size(): number {
    return this.#kept.size;
  }

  /** Everything kept, oldest first. */
  all(): Iterable<Revocation> {
    return this.#kept.values();
  }

  /** Remembers a revocation; false: it says nothing that was not known. */
  add(revocation: Revocation): boolean {
    if (revocation.untilMs <= this.#clock.wallMs()) return false;
    const subject = subjectOf(revocation);
    const known = this.#kept.get(subject);
    if (known !== undefined && !reachesFarther(revocation, known)) return false;
    this.#kept.delete(subject);
    this.#kept.set(subject, revocation);
    if (this.#kept.size > this.#maxCount) this.#makeRoom();
    return true;
  }

  /** Trusts no token issued before this time: a revocation of then may have been forgotten. */
  trustNothingBefore(wallMs: number): void {
    this.#nothingBeforeMs = Math.max(this.#nothingBeforeMs, wallMs);
  }

  /** Whether the credentials have been revoked. Those of unknown age count as old. */
  covers({ user, tokenId, issuedAtMs = Number.NEGATIVE_INFINITY }: Identity): boolean {
    if (issuedAtMs < this.#nothingBeforeMs && (user !== undefined || tokenId !== undefined)) {
      return true;
    }
    const nowMs = this.#clock.wallMs();
    const ofToken = tokenId === undefined ? undefined : this.#kept.get(`t:${tokenId}`);
    if (ofToken !== undefined && nowMs < ofToken.untilMs) return true;
    const ofUser = user === undefined ? undefined : this.#kept.get(`u:${user}`);
    if (ofUser === undefined || !("beforeMs" in ofUser) || ofUser.untilMs <= nowMs) return false;
    return issuedAtMs < ofUser.beforeMs;
  }

  #makeRoom(): void {
    const nowMs = this.#clock.wallMs();
    for (const [subject, { untilMs }] of this.#kept) {
      if (untilMs <= nowMs) this.#kept.delete(subject);
    }
    for (const [subject, oldest] of this.#kept) {
      if (this.#kept.size <= this.#maxCount) return;
      this.#kept.delete(subject);
      this.trustNothingBefore(oldest.atMs);
    }
  }
}

function reachesFarther(given: Revocation, known: Revocation): boolean {
  if ("beforeMs" in given && "beforeMs" in known) return given.beforeMs > known.beforeMs;
  return given.untilMs > known.untilMs;
}
