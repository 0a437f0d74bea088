import type { Clock } from "@holdfast/core";
import { type Failure, failure } from "@holdfast/protocol";
import type { LeaseOutcome, LeaseRelease, LeaseRenewal, LeaseRequest } from "../contract/leases.js";
import { isResourceName } from "../contract/names.js";
import type { Done } from "../contract.js";
import type { MemoryLimits } from "./options.js";

/** A lease as it is kept. */
export interface HeldLease {
  readonly holder: string;
  readonly token: number;
  /** Monotonic end. */
  readonly untilMs: number;
}

/** Hears of every lease that is given, extended or over, to keep it over a restart. */
export interface LeaseJournal {
  given(name: string, lease: HeldLease, ttlMs: number): void;
  over(name: string): void;
}

const lost = (): Failure => failure("lease_lost");

/** Why a lease is not given or extended for what it is asked for; undefined: nothing is wrong. */
export function judgeLeaseFields(
  fields: { readonly name: string; readonly holder?: string; readonly ttlMs?: number },
  limits: MemoryLimits,
): Failure | undefined {
  const { name, holder, ttlMs = 1 } = fields;
  const wrong = (field: string) => failure("invalid_field", undefined, { field });
  if (!isResourceName(name)) return wrong("/name");
  if (holder !== undefined && !isResourceName(holder)) return wrong("/holder");
  return ttlMs >= 1 && ttlMs <= limits.maxLeaseMs ? undefined : wrong("/ttlMs");
}

/** The refusal of a lease that another holder has. */
function leaseHeld(held: HeldLease, nowMs: number): Failure {
  const retryAfterMs = Math.max(1, Math.ceil(held.untilMs - nowMs));
  return failure("lease_held", undefined, { retryAfterMs });
}

/**
 * Every lease of the engine. All names share one counter of tokens, so that a name forgotten after
 * its lease ended leaves nothing behind and still never gets a lower token again.
 */
export class Leases {
  readonly #limits: MemoryLimits;
  readonly #clock: Clock;
  readonly #journal: LeaseJournal | undefined;
  #leases = new Map<string, HeldLease>();
  #hand: Iterator<[string, HeldLease]> | undefined;
  #lastToken = 0;

  constructor(limits: MemoryLimits, clock: Clock, journal?: LeaseJournal) {
    this.#limits = limits;
    this.#clock = clock;
    this.#journal = journal;
  }

  /**
   * Holds a lease again after a restart. How long that took nobody can tell, so it is given its
   * whole time from now: never less than its holder believes.
   */
  restore(name: string, { holder, token }: Omit<HeldLease, "untilMs">, ttlMs: number): void {
    this.#leases.set(name, { holder, token, untilMs: this.#clock.monoMs() + ttlMs });
  }

  /** Gives only tokens above this one. */
  startAbove(token: number): void {
    this.#lastToken = Math.max(this.#lastToken, token);
  }

  acquire({ name, holder, ttlMs }: LeaseRequest): LeaseOutcome {
    const wrong = judgeLeaseFields({ name, holder, ttlMs }, this.#limits);
    if (wrong !== undefined) return wrong;
    const nowMs = this.#clock.monoMs();
    const held = this.#live(name, nowMs);
    if (held !== undefined && held.holder !== holder) return leaseHeld(held, nowMs);
    if (held === undefined && this.#leases.size >= this.#limits.maxLeases) {
      return failure("busy", "The engine holds as many leases as it may.");
    }
    // From the wall clock on, so that tokens also rise past those of an engine that lost everything.
    this.#lastToken = Math.max(this.#lastToken + 1, Math.floor(this.#clock.wallMs()));
    return this.#give(name, { holder, token: this.#lastToken, untilMs: nowMs + ttlMs }, ttlMs);
  }

  renew({ name, token, ttlMs }: LeaseRenewal): LeaseOutcome {
    const wrong = judgeLeaseFields({ name, ttlMs }, this.#limits);
    if (wrong !== undefined) return wrong;
    const nowMs = this.#clock.monoMs();
    const held = this.#live(name, nowMs);
    if (held?.token !== token) return lost();
    return this.#give(name, { ...held, untilMs: nowMs + ttlMs }, ttlMs);
  }

  release({ name, token }: LeaseRelease): Done {
    if (this.#live(name, this.#clock.monoMs())?.token !== token) return lost();
    this.#end(name);
    return { ok: true };
  }

  /** Forgets some of the leases that have ended. */
  sweep(nowMs: number): void {
    for (let left = this.#limits.maxSweptChannels; left > 0; left -= 1) {
      this.#hand ??= this.#leases.entries();
      const next = this.#hand.next();
      if (next.done === true) {
        this.#hand = undefined;
        return;
      }
      if (next.value[1].untilMs <= nowMs) this.#end(next.value[0]);
    }
  }

  /** Loses everything, as a wiped engine does. */
  clear(): void {
    this.#leases = new Map();
    this.#hand = undefined;
    this.#lastToken = 0;
  }

  #live(name: string, nowMs: number): HeldLease | undefined {
    const held = this.#leases.get(name);
    if (held === undefined || held.untilMs > nowMs) return held;
    this.#end(name);
    return undefined;
  }

  #give(name: string, lease: HeldLease, ttlMs: number): LeaseOutcome {
    this.#leases.set(name, lease);
    this.#journal?.given(name, lease, ttlMs);
    return { ok: true, name, token: lease.token, expiresAtMs: lease.untilMs };
  }

  #end(name: string): void {
    this.#leases.delete(name);
    this.#journal?.over(name);
  }
}
