import { HoldfastError } from "../errors.js";
import { messageOf } from "../failures.js";
import type { ClientLimits, CreateClientOptions } from "../options.js";
import { askToken } from "../socket/token.js";
import type { Requests } from "./requests.js";

/** What a refresher needs of the client. */
export interface RefresherDeps {
  readonly options: CreateClientOptions & ClientLimits;
  readonly requests: Requests;
  readonly onError: (error: HoldfastError) => void;
}

/** Hands in a fresh token before the old one ends. */
export class Refresher {
  readonly #deps: RefresherDeps;
  #abort: AbortController | undefined;

  constructor(deps: RefresherDeps) {
    this.#deps = deps;
  }

  /** The gateway says that the credentials end soon. */
  expiring(): void {
    const { getToken, clock, connectTimeoutMs } = this.#deps.options;
    if (getToken === undefined || this.#abort !== undefined) return;
    const abort = new AbortController();
    this.#abort = abort;
    askToken(getToken, clock, connectTimeoutMs, abort).then(
      (token) => {
        if (this.#abort !== abort) return;
        this.#abort = undefined;
        if (token !== undefined) this.#send(token);
      },
      (cause) => {
        if (this.#abort !== abort) return;
        this.#abort = undefined;
        this.#report(cause);
      },
    );
  }

  /** The connection is gone; the next one asks for a token by itself. */
  lost(): void {
    const abort = this.#abort;
    this.#abort = undefined;
    abort?.abort();
  }

  #send(token: string): void {
    this.#deps.requests.send(
      (id) => ({ type: "refresh", id, token }),
      (answer) => !answer.ok && this.#deps.onError(new HoldfastError(answer)),
    );
  }

  /** The gateway will close the connection in time; the reconnect asks again. */
  #report(cause: unknown): void {
    const message = messageOf(cause);
    const reason = { ok: false, code: "unauthorized", message, retryable: true } as const;
    this.#deps.onError(new HoldfastError(reason, { cause }));
  }
}
