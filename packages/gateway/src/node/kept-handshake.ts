import type { Handshake } from "../transport.js";

/** Texts that are kept for the next connection with the same header lines. */
const MAX_SHARED = 256;
/** Longer ones are hardly anybody else's. */
const MAX_SHARED_CHARS = 2_048;

/**
 * The header lines of connections as text, which takes a third of the memory that their object does, and once
 * for all who sent the same: browsers of one kind do, where nothing sets them apart.
 */
export class HeaderTexts {
  readonly #shared = new Map<string, string>();

  /** The text of header lines. */
  of(headers: Handshake["headers"]): string {
    const text = JSON.stringify(headers);
    if (text.length > MAX_SHARED_CHARS) return text;
    const shared = this.#shared.get(text);
    if (shared !== undefined) return shared;
    if (this.#shared.size >= MAX_SHARED) this.#shared.clear();
    this.#shared.set(text, text);
    return text;
  }
}

/** A handshake that is kept as long as its connection, for the handler that judges later credentials. */
export class KeptHandshake implements Handshake {
  declare readonly token?: string;
  declare readonly remoteAddress?: string;
  readonly #headers: string;

  /** `headers` is their text, as `HeaderTexts` gives it. */
  constructor(headers: string, token?: string, remoteAddress?: string) {
    this.#headers = headers;
    if (token !== undefined) this.token = token;
    if (remoteAddress !== undefined) this.remoteAddress = remoteAddress;
  }

  /** The header lines of the request, by name in lower case; another object each time. */
  get headers(): Handshake["headers"] {
    return JSON.parse(this.#headers);
  }
}
