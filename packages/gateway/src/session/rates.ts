import { type Clock, TokenBucket } from "@holdfast/core";

/** How much may come in a second on average; 0: no bound. The burst is twice as much. */
export interface RateLimits {
  readonly messagesPerSecond: number;
  readonly bytesPerSecond: number;
}

/** Commands and bytes that may come, in a second on average. */
export class Rate {
  readonly #messages: TokenBucket | undefined;
  readonly #bytes: TokenBucket | undefined;

  /** `minBurstBytes`: the largest message has to fit, whatever the rate. */
  constructor(clock: Clock, limits: RateLimits, minBurstBytes: number) {
    this.#messages = bucketOf(clock, limits.messagesPerSecond, 1);
    this.#bytes = bucketOf(clock, limits.bytesPerSecond, minBurstBytes);
  }

  /** Time until a command and its bytes may come, in milliseconds; 0: now, and they are taken. */
  take(bytes: number): number {
    const waitMs = Math.max(this.#messages?.waitMs(1) ?? 0, this.#bytes?.waitMs(bytes) ?? 0);
    if (waitMs > 0) return waitMs;
    this.#messages?.take(1);
    this.#bytes?.take(bytes);
    return 0;
  }
}

function bucketOf(clock: Clock, perSecond: number, minBurst: number): TokenBucket | undefined {
  if (perSecond === 0) return undefined;
  return new TokenBucket(clock, { perSecond, burst: Math.max(2 * perSecond, minBurst) });
}

/** One rate for all connections of a name: a user, or an address. */
export class SharedRates {
  readonly #make: (() => Rate) | undefined;
  readonly #rates = new Map<string, { readonly rate: Rate; holders: number }>();

  constructor(clock: Clock, limits: RateLimits, minBurstBytes: number) {
    const isBounded = limits.messagesPerSecond > 0 || limits.bytesPerSecond > 0;
    this.#make = isBounded ? () => new Rate(clock, limits, minBurstBytes) : undefined;
  }

  /** The rate of a name, until as many `leave` as `join` it; undefined: there is no bound. */
  join(name: string): Rate | undefined {
    if (this.#make === undefined) return undefined;
    let shared = this.#rates.get(name);
    if (shared === undefined) {
      shared = { rate: this.#make(), holders: 0 };
      this.#rates.set(name, shared);
    }
    shared.holders++;
    return shared.rate;
  }

  leave(name: string): void {
    const shared = this.#rates.get(name);
    if (shared === undefined) return;
    shared.holders--;
    if (shared.holders === 0) this.#rates.delete(name);
  }

  /** Names that hold a rate. */
  get size(): number {
    return this.#rates.size;
  }
}
