import type { Clock, Timer } from "@holdfast/core";

interface Leaving {
  readonly channel: string;
  readonly memberId: string;
  readonly atMs: number;
}

/** Length first, so that no channel and member can be mistaken for another pair. */
export const memberKey = (channel: string, memberId: string): string =>
  `${channel.length}:${channel}${memberId}`;

/** Members whose grace period runs, in order of its end, since it is as long for all: one timer does. */
export class GracePeriods {
  readonly #clock: Clock;
  readonly #graceMs: number;
  readonly #over: (channel: string, memberId: string) => void;
  readonly #leaving = new Map<string, Leaving>();
  #timer: Timer | undefined;

  constructor(clock: Clock, graceMs: number, over: (channel: string, memberId: string) => void) {
    this.#clock = clock;
    this.#graceMs = graceMs;
    this.#over = over;
  }

  has(channel: string, memberId: string): boolean {
    return this.#leaving.has(memberKey(channel, memberId));
  }

  /** Begins a period, unless one runs already. */
  begin(channel: string, memberId: string): void {
    const key = memberKey(channel, memberId);
    if (this.#leaving.has(key)) return;
    this.#leaving.set(key, { channel, memberId, atMs: this.#clock.monoMs() + this.#graceMs });
    this.#schedule();
  }

  cancel(channel: string, memberId: string): void {
    this.#leaving.delete(memberKey(channel, memberId));
  }

  close(): void {
    this.#leaving.clear();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #schedule(): void {
    if (this.#timer !== undefined) return;
    const next = this.#leaving.values().next().value;
    if (next === undefined) return;
    this.#timer = this.#clock.after(next.atMs - this.#clock.monoMs(), () => {
      this.#timer = undefined;
      this.#end();
      this.#schedule();
    });
  }

  #end(): void {
    const nowMs = this.#clock.monoMs();
    for (const [key, { channel, memberId, atMs }] of this.#leaving) {
      if (atMs > nowMs) return;
      this.#leaving.delete(key);
      this.#over(channel, memberId);
    }
  }
}
