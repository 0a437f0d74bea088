import type { Clock } from "@holdfast/core";
import { memberKey } from "./grace.js";

/** A member that has left a channel. */
export interface Leave {
  readonly channel: string;
  readonly memberId: string;
}

const maxKept = 10_000;

/**
 * Who has left lately, as the servers know. A server that takes over may not have heard of it yet, and
 * would show such a member for as long as its gateway lives.
 */
export class RecentLeaves {
  readonly #clock: Clock;
  readonly #keptMs: number;
  readonly #kept = new Map<string, Leave & { readonly atMs: number }>();

  /** `keptMs`: how far servers may fall back without a member that had left being shown again. */
  constructor(clock: Clock, keptMs: number) {
    this.#clock = clock;
    this.#keptMs = keptMs;
  }

  add({ channel, memberId }: Leave): void {
    const key = memberKey(channel, memberId);
    this.#kept.delete(key);
    this.#kept.set(key, { channel, memberId, atMs: this.#clock.monoMs() });
    this.#forgetOld();
  }

  /** The member is there again. */
  forget(channel: string, memberId: string): void {
    this.#kept.delete(memberKey(channel, memberId));
  }

  /** Those that are not too old, oldest first. */
  all(): Leave[] {
    this.#forgetOld();
    return [...this.#kept.values()];
  }

  clear(): void {
    this.#kept.clear();
  }

  #forgetOld(): void {
    const nowMs = this.#clock.monoMs();
    for (const [oldest, { atMs }] of this.#kept) {
      if (this.#kept.size <= maxKept && nowMs - atMs <= this.#keptMs) return;
      this.#kept.delete(oldest);
    }
  }
}
