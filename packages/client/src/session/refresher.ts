import type { Failure } from "@holdfast/protocol";
import { HoldfastError } from "../errors.js";
import { Backoff } from "../socket/backoff.js";
import { askToken } from "../socket/token.js";
import type { Shared } from "./shared.js";

/** Hands in a fresh token before the old one ends. */
export class Refresher {
  readonly #shared: Shared;
  readonly #backoff: Backoff;
  #stopAsking: (() => void) | undefined;

  constructor(shared: Shared) {
    const { settings } = shared;
    this.#shared = shared;
    this.#backoff = new Backoff(settings, settings.backoffMinMs, settings.backoffMaxMs);
  }

  /** The credentials end soon. */
  expiring(): void {
    const { settings, wire } = this.#shared;
    if (settings.getToken === undefined || this.#stopAsking !== undefined) return;
    this.#backoff.cancel();
    this.#stopAsking = askToken(
      settings,
      (token) => {
        this.#stopAsking = undefined;
        if (token !== undefined) this.#send(token);
      },
      (error) => {
        this.#stopAsking = undefined;
        if (error.retryable) this.#failed(error);
        else wire.close(error);
      },
    );
  }

  /** The connection is gone; the next one asks for a token by itself. */
  lost(): void {
    this.#backoff.cancel();
    this.#stopAsking?.();
    this.#stopAsking = undefined;
  }

  #send(token: string): void {
    this.#shared.requests.put(
      (id) => ({ type: "refresh", id, token }),
      (answer) => {
        if (answer.ok) this.#backoff.reset();
        else this.#failed(answer);
      },
      true,
    );
  }

  /** Tried again until the gateway ends the connection in time, and the next one asks. */
  #failed(reason: HoldfastError | Failure): void {
    this.#shared.report(reason instanceof HoldfastError ? reason : new HoldfastError(reason));
    if (reason.retryable) this.#backoff.retry(() => this.expiring(), reason);
  }
}
