import { type Clock, TokenBucket } from "@holdfast/core";
import type { Failure } from "@holdfast/protocol";
import type { Settings } from "../settings.js";

/** Bytes of a frame that weigh as much as one command more. */
const BYTES_PER_TOKEN = 16_384;
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
  readonly #commands: TokenBucket;
  readonly #mistakes: TokenBucket;
  readonly #maxRefused: number;
  #refused = 0;

  constructor(clock: Clock, settings: Settings) {
    const { messagesPerSecond, maxBadMessages } = settings;
    this.#commands = new TokenBucket(clock, {
      perSecond: messagesPerSecond,
      burst: 2 * messagesPerSecond,
    });
    this.#mistakes = new TokenBucket(clock, {
      perSecond: maxBadMessages / FORGIVENESS_S,
      burst: maxBadMessages,
    });
    this.#maxRefused = messagesPerSecond;
  }

  /** Admits a command; false: it is over the rate. `bytes` counts the frame with its first command. */
  admit(bytes: number): boolean {
    if (this.#commands.take(1 + Math.floor(bytes / BYTES_PER_TOKEN))) {
      if (this.#refused > 0) this.#refused--;
      return true;
    }
    this.#refused++;
    return false;
  }

  /** The rate was exceeded for so long that the connection is to be closed. */
  get flooded(): boolean {
    return this.#refused > this.#maxRefused;
  }

  get retryAfterMs(): number {
    return this.#commands.waitMs(1);
  }

  /** Counts a refusal; false: there were too many. */
  forgive(why: Failure): boolean {
    return !bad.has(why.code) || this.#mistakes.take();
  }
}
