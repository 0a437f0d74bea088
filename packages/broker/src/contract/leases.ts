import type { Failure } from "@holdfast/protocol";

/** A lease as its holder has it. */
export interface Lease {
  readonly ok: true;
  readonly name: string;
  /**
   * The fencing token: strictly higher than every one given for this name before, across expiry,
   * release, a restart, and (from the wall clock) the loss of all data.
   */
  readonly token: number;
  /**
   * Monotonic time of the caller's clock, taken before the engine was asked, plus the time to live:
   * never later than the end the engine sees. Do nothing as the holder past it.
   */
  readonly expiresAtMs: number;
}

/**
 * Asks for a lease. Held by another: `lease_held` with the rest of its time as `retryAfterMs`.
 * Asked again by its holder it is given anew with a higher token, and the former token is worth
 * nothing: an answer that got lost is asked for again, and two processes that use one name fence each other.
 */
export interface LeaseRequest {
  readonly name: string;
  /** Unique per incarnation of the holder. */
  readonly holder: string;
  /** Time to live in milliseconds, up to `maxLeaseMs`. */
  readonly ttlMs: number;
}

/** Extends a lease from now on. `lease_lost` when it has ended or been given anew. */
export interface LeaseRenewal {
  readonly name: string;
  readonly token: number;
  readonly ttlMs: number;
}

/** Ends a lease. `lease_lost` when it has ended or been given anew. */
export interface LeaseRelease {
  readonly name: string;
  readonly token: number;
}

/** A lease, or why there is none. */
export type LeaseOutcome = Lease | Failure;
