import type { Clock } from "@holdfast/core";
import type { Capabilities, Identity } from "@holdfast/protocol";

/** A token of the simulation: who, and until when (wall clock; 0: for ever). */
export function tokenFor(user: string, untilMs: number): string {
  return `${user}.${untilMs}`;
}

/** Whose token it is; null for what is none. */
export function identityOf(token: string | undefined, can: Capabilities): Identity | null {
  const [user, until] = token?.split(".") ?? [];
  if (user === undefined || until === undefined) return null;
  const expiresAtMs = Number(until);
  return { user, can, ...(expiresAtMs > 0 ? { expiresAtMs } : {}) };
}

/** The tokens of one application. */
export class Tokens {
  readonly #user: string;
  readonly #lifeMs: number;
  readonly #clock: Clock;
  #refusesToRenew = false;
  #untilMs = 0;

  /** `lifeMs` 0: they do not end. */
  constructor(user: string, lifeMs: number, clock: Clock) {
    this.#user = user;
    this.#lifeMs = lifeMs;
    this.#clock = clock;
  }

  /** When the newest one ends (wall clock). */
  get untilMs(): number {
    return this.#untilMs;
  }

  /** From now on there is no fresh one: when the newest ends, so does everything. */
  letExpire(): void {
    this.#refusesToRenew = true;
  }

  next(): string {
    if (this.#lifeMs > 0 && !this.#refusesToRenew) {
      this.#untilMs = this.#clock.wallMs() + this.#lifeMs;
    }
    return tokenFor(this.#user, this.#untilMs);
  }
}
