import { Allowance, type Clock } from "@holdfast/core";
import type { Failure } from "@holdfast/protocol";
import type { Settings } from "../settings.js";
import type { Rate } from "./rates.js";

/** Time in which the permitted bad messages are forgotten again, in seconds. */
const FORGIVENESS_S = 60;

/** Codes that count as malformed or forbidden; what an honest client meets in daily life does not. */
const bad: ReadonlySet<string> = new Set([
  "bad_message",
  "unknown_type",
  "invalid_field",
  "invalid_channel",
  "unknown_channel",
  "too_large",
  "forbidden",
]);

/** What connections may do at their doors, the same for all of a gateway. */
export class DoorRules {
  /** Commands and bytes of one connection; undefined: no bound. */
  readonly messages: Allowance | undefined;
  readonly bytes: Allowance | undefined;
  readonly mistakes: Allowance;
  /** Commands that may be refused in a row before the connection is closed. */
  readonly maxRefused: number;

  constructor(clock: Clock, settings: Settings) {
    const { messagesPerSecond, bytesPerSecond, maxBadMessages, maxMessageBytes } = settings;
    this.messages = allowanceOf(clock, messagesPerSecond, 1);
    this.bytes = allowanceOf(clock, bytesPerSecond, maxMessageBytes);
    this.mistakes = new Allowance(clock, maxBadMessages / FORGIVENESS_S, maxBadMessages);
    this.maxRefused = messagesPerSecond;
  }
}

/** The burst is twice the rate, and the largest message fits whatever the rate. */
function allowanceOf(clock: Clock, perSecond: number, minBurst: number): Allowance | undefined {
  if (perSecond === 0) return undefined;
  return new Allowance(clock, perSecond, Math.max(2 * perSecond, minBurst));
}

/** What one connection may still do at its door: commands per time, and mistakes. */
export class DoorKeeper {
  readonly #rules: DoorRules;
  /** The rates it shares with others of its address and of its user. */
  #address: Rate | undefined;
  #user: Rate | undefined;
  // When each of the connection's own buckets is full again.
  #messagesFullAtMs = 0;
  #bytesFullAtMs = 0;
  #mistakesFullAtMs = 0;
  #refused = 0;
  #waitMs = 0;

  constructor(rules: DoorRules, address: Rate | undefined) {
    this.#rules = rules;
    this.#address = address;
  }

  /** Counts commands against the user's rate as well from now on. */
  shareWithUser(rate: Rate | undefined): void {
    this.#user = rate;
  }

  /** Admits a command; false: it is over a rate. `bytes` counts the frame with its first command. */
  admit(bytes: number): boolean {
    this.#waitMs = this.#take(bytes);
    if (this.#waitMs > 0) {
      this.#refused++;
      return false;
    }
    if (this.#refused > 0) this.#refused--;
    return true;
  }

  /** The rate was exceeded for so long that the connection is to be closed. */
  get flooded(): boolean {
    return this.#refused > this.#rules.maxRefused;
  }

  get retryAfterMs(): number {
    return this.#waitMs;
  }

  /** Counts a refusal; false: there were too many. */
  forgive(why: Failure): boolean {
    if (!bad.has(why.code)) return true;
    const { mistakes } = this.#rules;
    if (mistakes.waitMs(this.#mistakesFullAtMs, 1) > 0) return false;
    this.#mistakesFullAtMs = mistakes.after(this.#mistakesFullAtMs, 1);
    return true;
  }

  /** Its own rate first: what that refuses costs others nothing. */
  #take(bytes: number): number {
    return this.#takeOwn(bytes) || this.#address?.take(bytes) || this.#user?.take(bytes) || 0;
  }

  #takeOwn(bytes: number): number {
    const { messages, bytes: size } = this.#rules;
    const waitMs = Math.max(
      messages?.waitMs(this.#messagesFullAtMs, 1) ?? 0,
      size?.waitMs(this.#bytesFullAtMs, bytes) ?? 0,
    );
    if (waitMs > 0) return waitMs;
    if (messages !== undefined) this.#messagesFullAtMs = messages.after(this.#messagesFullAtMs, 1);
    if (size !== undefined) this.#bytesFullAtMs = size.after(this.#bytesFullAtMs, bytes);
    return 0;
  }
}
