import { Deadline } from "@holdfast/core";
import type { Shared } from "./shared.js";

/** The warning comes this long before the end, or at half of what is left, if that is shorter. */
const WARNING_MS = 60_000;

/** What the end of credentials does to a connection. */
export interface Mortal {
  readonly shared: Shared;
  expiring(inMs: number): void;
  expired(): void;
}

/** Watches the end of one connection's credentials by the wall clock, which may jump. */
export class Expiry extends Deadline {
  readonly #mortal: Mortal;
  #expiresAtMs = Number.POSITIVE_INFINITY;
  /** What is due comes so long before the end: the warning; 0: the end itself. */
  #aheadMs = 0;

  constructor(mortal: Mortal) {
    super();
    this.#mortal = mortal;
  }

  /** The end has come, whether or not its timer has had its turn: a stopped process is late with both. */
  get over(): boolean {
    return this.#expiresAtMs <= this.#mortal.shared.clock.wallMs();
  }

  /** When it comes; infinite: it never does. */
  get expiresAtMs(): number {
    return this.#expiresAtMs;
  }

  /** Watches another end; infinite: none. */
  set(expiresAtMs: number): void {
    const { clock, wallWatch, wheel } = this.#mortal.shared;
    const ended = Number.isFinite(this.#expiresAtMs);
    const ends = Number.isFinite(expiresAtMs);
    this.#expiresAtMs = expiresAtMs;
    if (ends && !ended) wallWatch.add();
    if (ended && !ends) wallWatch.delete();
    if (!ends) {
      wheel.cancel(this);
      return;
    }
    const leftMs = expiresAtMs - clock.wallMs();
    this.#aheadMs = Math.max(0, Math.floor(Math.min(WARNING_MS, leftMs / 2)));
    this.#wait();
  }

  stop(): void {
    this.set(Number.POSITIVE_INFINITY);
  }

  /** The wall clock was set, or the machine has slept. */
  wallJumped(): void {
    if (Number.isFinite(this.#expiresAtMs)) this.#wait();
  }

  due(): void {
    const nowMs = this.#mortal.shared.clock.wallMs();
    if (nowMs < this.#dueAtMs) this.#wait();
    else if (this.#aheadMs === 0) this.#mortal.expired();
    else {
      this.#aheadMs = 0;
      this.#wait();
      this.#mortal.expiring(Math.max(0, Math.round(this.#expiresAtMs - nowMs)));
    }
  }

  /** Time of the wall clock at which there is something to do: first the warning, then the end. */
  get #dueAtMs(): number {
    return this.#expiresAtMs - this.#aheadMs;
  }

  #wait(): void {
    const { clock, wheel } = this.#mortal.shared;
    wheel.set(this, Math.max(0, this.#dueAtMs - clock.wallMs()));
  }
}
