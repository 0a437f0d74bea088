import { HoldfastError } from "../errors.js";
import { askToken } from "../socket/token.js";
import type { Shared } from "./shared.js";

/** Hands in a fresh token before the old one ends. */
export class Refresher {
  readonly #shared: Shared;
  #stopAsking: (() => void) | undefined;

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  /** The gateway says that the credentials end soon. */
  expiring(): void {
    if (this.#shared.settings.getToken === undefined || this.#stopAsking !== undefined) return;
    this.#stopAsking = askToken(
      this.#shared.settings,
      (token) => {
        this.#stopAsking = undefined;
        if (token !== undefined) this.#send(token);
      },
      // The gateway will close the connection in time; the reconnect asks again.
      (error) => {
        this.#stopAsking = undefined;
        this.#shared.report(error);
      },
    );
  }

  /** The connection is gone; the next one asks for a token by itself. */
  lost(): void {
    this.#stopAsking?.();
    this.#stopAsking = undefined;
  }

  #send(token: string): void {
    this.#shared.requests.send(
      (id) => ({ type: "refresh", id, token }),
      (answer) => !answer.ok && this.#shared.report(new HoldfastError(answer)),
      true,
    );
  }
}
