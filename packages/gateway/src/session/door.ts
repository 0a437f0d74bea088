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

/** The rates that a connection shares with others, of its address and of its user. */
export interface SharedDoors {
  readonly address: Rate | undefined;
  readonly user: Rate | undefined;
}

/**
 * What each connection may still do at its door: commands per time, and mistakes. By the connection's number,
 * so that a quiet one holds two figures and no object.
 */
export class Doors {
  /** Commands and bytes of one connection; undefined: no bound. */
  readonly #messages: Allowance | undefined;
  readonly #bytes: Allowance | undefined;
  readonly #mistakes: Allowance;
  /** Commands that may be refused in a row before the connection is closed. */
  readonly #maxRefused: number;
  // By slot: when each of the connection's buckets is full again.
  readonly #messagesFullAtMs: number[] = [];
  readonly #bytesFullAtMs: number[] = [];
  // Only of those that made a mistake, or were refused something.
  readonly #mistakesFullAtMs = new Map<number, number>();
  readonly #refused = new Map<number, number>();

  constructor(clock: Clock, settings: Settings) {
    const { messagesPerSecond, bytesPerSecond, maxBadMessages, maxMessageBytes } = settings;
    this.#messages = allowanceOf(clock, messagesPerSecond, 1);
    this.#bytes = allowanceOf(clock, bytesPerSecond, maxMessageBytes);
    this.#mistakes = new Allowance(clock, maxBadMessages / FORGIVENESS_S, maxBadMessages);
    this.#maxRefused = messagesPerSecond;
  }

  /** Nothing is held against the connection that has this number next. */
  clear(slot: number): void {
    this.#messagesFullAtMs[slot] = 0;
    this.#bytesFullAtMs[slot] = 0;
    this.#mistakesFullAtMs.delete(slot);
    this.#refused.delete(slot);
  }

  /**
   * Admits a command, or says in how many milliseconds it may come; 0: it is admitted. `bytes` counts the frame
   * with its first command.
   */
  admit(slot: number, bytes: number, shared: SharedDoors): number {
    const waitMs = this.#take(slot, bytes, shared);
    if (waitMs > 0) this.#refused.set(slot, this.#refusals(slot) + 1);
    else if (this.#refused.size > 0) this.#relent(slot);
    return waitMs;
  }

  /** The rate was exceeded for so long that the connection is to be closed. */
  isFlooded(slot: number): boolean {
    return this.#refusals(slot) > this.#maxRefused;
  }

  /** Counts a refusal; false: there were too many. */
  forgive(slot: number, why: Failure): boolean {
    if (!bad.has(why.code)) return true;
    const mistakes = this.#mistakes;
    const fullAtMs = this.#mistakesFullAtMs.get(slot) ?? 0;
    if (mistakes.waitMs(fullAtMs, 1) > 0) return false;
    this.#mistakesFullAtMs.set(slot, mistakes.after(fullAtMs, 1));
    return true;
  }

  #refusals(slot: number): number {
    return this.#refused.get(slot) ?? 0;
  }

  #relent(slot: number): void {
    const refused = this.#refusals(slot);
    if (refused > 1) this.#refused.set(slot, refused - 1);
    else this.#refused.delete(slot);
  }

  /** Its own rate first: what that refuses costs others nothing. */
  #take(slot: number, bytes: number, { address, user }: SharedDoors): number {
    return this.#takeOwn(slot, bytes) || address?.take(bytes) || user?.take(bytes) || 0;
  }

  #takeOwn(slot: number, bytes: number): number {
    const messages = this.#messages;
    const size = this.#bytes;
    const messagesFullAtMs = this.#messagesFullAtMs[slot] ?? 0;
    const bytesFullAtMs = this.#bytesFullAtMs[slot] ?? 0;
    const waitMs = Math.max(
      messages?.waitMs(messagesFullAtMs, 1) ?? 0,
      size?.waitMs(bytesFullAtMs, bytes) ?? 0,
    );
    if (waitMs > 0) return waitMs;
    if (messages !== undefined) this.#messagesFullAtMs[slot] = messages.after(messagesFullAtMs, 1);
    if (size !== undefined) this.#bytesFullAtMs[slot] = size.after(bytesFullAtMs, bytes);
    return 0;
  }
}

/** The burst is twice the rate, and the largest message fits whatever the rate. */
function allowanceOf(clock: Clock, perSecond: number, minBurst: number): Allowance | undefined {
  if (perSecond === 0) return undefined;
  return new Allowance(clock, perSecond, Math.max(2 * perSecond, minBurst));
}
