import type { Handshake } from "../transport.js";

/**
 * A handshake that is kept as long as its connection, for the handler that judges later credentials. As
 * text headers take a third of the memory that their object does.
 */
export class KeptHandshake implements Handshake {
  declare readonly token?: string;
  declare readonly remoteAddress?: string;
  readonly #headers: string;

  constructor(headers: Handshake["headers"], token?: string, remoteAddress?: string) {
    this.#headers = JSON.stringify(headers);
    if (token !== undefined) this.token = token;
    if (remoteAddress !== undefined) this.remoteAddress = remoteAddress;
  }

  /** The header lines of the request, by name in lower case; another object each time. */
  get headers(): Handshake["headers"] {
    return JSON.parse(this.#headers);
  }
}
