import { type Clock, TokenBucket } from "@holdfast/core";
import type { Failure } from "@holdfast/protocol";
import type { Settings } from "../settings.js";
import { Rate } from "./rates.js";

/** Time in which the permitted bad messages are forgotten again, in seconds. */
const FORGIVENESS_S = 60;

/** Codes that count as malformed or forbidden; what an honest client meets in daily life does not. */
const bad: ReadonlySet<string> = new Set([
  "bad_message",
  "unknown_type",
  "invalid_field",
  "invalid_channel",
  "too_large",
  "forbidden",
]);

/** What one connection may still do at its door: commands per time, and mistakes. */
export class DoorKeeper {
  /** The connection's own rate, and those it shares with others of its address and user. */
  readonly #rates: Rate[];
  readonly #mistakes: TokenBucket;
  readonly #maxRefused: number;
  #refused = 0;
  #waitMs = 0;

  constructor(clock: Clock, settings: Settings) {
    const { messagesPerSecond, maxBadMessages, maxMessageBytes } = settings;
    this.#rates = [new Rate(clock, settings, maxMessageBytes)];
    this.#mistakes = new TokenBucket(clock, {
      perSecond: maxBadMessages / FORGIVENESS_S,
      burst: maxBadMessages,
    });
    this.#maxRefused = messagesPerSecond;
  }

  /** Counts commands against one more rate from now on. */
  share(rate: Rate | undefined): void {
    if (rate !== undefined) this.#rates.push(rate);
  }

  /** Admits a command; false: it is over a rate. `bytes` counts the frame with its first command. */
  admit(bytes: number): boolean {
    for (const rate of this.#rates) {
      this.#waitMs = rate.take(bytes);
      if (this.#waitMs === 0) continue;
      this.#refused++;
      return false;
    }
    if (this.#refused > 0) this.#refused--;
    return true;
  }

  /** The rate was exceeded for so long that the connection is to be closed. */
  get flooded(): boolean {
    return this.#refused > this.#maxRefused;
  }

  get retryAfterMs(): number {
    return this.#waitMs;
  }

  /** Counts a refusal; false: there were too many. */
  forgive(why: Failure): boolean {
    return !bad.has(why.code) || this.#mistakes.take();
  }
}
