import { type Clock, TokenBucket } from "@holdfast/core";

/** Networks whose arrivals are counted at a time; the one counted first is forgotten for another. */
const MAX_NETWORKS = 10_000;

/** Connections taken per second from each network address. */
export class Arrivals {
  readonly #clock: Clock;
  readonly #perSecond: number;
  readonly #buckets = new Map<string, TokenBucket>();

  /** 0: no bound. */
  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
  }

  /** Time until the network may connect again, in milliseconds; 0: now, and it is counted. */
  take(network: string): number {
    if (this.#perSecond === 0) return 0;
    let bucket = this.#buckets.get(network);
    if (bucket === undefined) {
      bucket = new TokenBucket(this.#clock, { perSecond: this.#perSecond, burst: this.#perSecond });
      if (this.#buckets.size >= MAX_NETWORKS) {
        const [oldest] = this.#buckets.keys();
        if (oldest !== undefined) this.#buckets.delete(oldest);
      }
      this.#buckets.set(network, bucket);
    }
    return bucket.take() ? 0 : bucket.waitMs();
  }
}

/**
 * What one subscriber of a provider holds: an IPv4 address, or the /64 of an IPv6 address (RFC 6177),
 * in which it has as many addresses as it wants.
 */
export function networkOf(address: string): string {
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.split("%", 1)[0]?.split("::") ?? [];
  const before = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const groups = [...before, ...Array<string>(zeros).fill("0"), ...after];
  return `${groups.slice(0, 4).join(":")}::/64`;
}
