import { HoldfastError } from "../errors.js";
import type { Settings } from "../options.js";
import { askToken } from "../socket/token.js";
import type { Requests } from "./requests.js";

/** Hands in a fresh token before the old one ends. */
export class Refresher {
  readonly #settings: Settings;
  readonly #requests: Requests;
  readonly #onError: (error: HoldfastError) => void;
  #stopAsking: (() => void) | undefined;

  constructor(settings: Settings, requests: Requests, onError: (error: HoldfastError) => void) {
    this.#settings = settings;
    this.#requests = requests;
    this.#onError = onError;
  }

  /** The gateway says that the credentials end soon. */
  expiring(): void {
    if (this.#settings.getToken === undefined || this.#stopAsking !== undefined) return;
    this.#stopAsking = askToken(
      this.#settings,
      (token) => {
        this.#stopAsking = undefined;
        if (token !== undefined) this.#send(token);
      },
      // The gateway will close the connection in time; the reconnect asks again.
      (error) => {
        this.#stopAsking = undefined;
        this.#onError(error);
      },
    );
  }

  /** The connection is gone; the next one asks for a token by itself. */
  lost(): void {
    this.#stopAsking?.();
    this.#stopAsking = undefined;
  }

  #send(token: string): void {
    this.#requests.send(
      (id) => ({ type: "refresh", id, token }),
      (answer) => !answer.ok && this.#onError(new HoldfastError(answer)),
      true,
    );
  }
}
