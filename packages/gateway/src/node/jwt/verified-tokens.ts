import { createHash } from "node:crypto";
import type { Clock } from "@holdfast/core";
import type { Identity } from "@holdfast/protocol";

/** A token as it is remembered: its hash, so that a dump of memory shows no credentials. */
export type TokenHash = string;

/** SHA-256 of a token. */
export function hashOf(token: string): TokenHash {
  return createHash("sha256").update(token).digest("base64");
}

/**
 * Identities of tokens whose signature was verified, until they expire and at most `maxTokens`:
 * thousands that come back at once cost one hash each. Forgotten whole when the keys change.
 */
export class VerifiedTokens {
  readonly #clock: Clock;
  readonly #maxTokens: number;
  /** In order of use. */
  readonly #identities = new Map<TokenHash, Identity>();

  constructor(clock: Clock, maxTokens: number) {
    this.#clock = clock;
    this.#maxTokens = maxTokens;
  }

  find(hash: TokenHash): Identity | undefined {
    const identity = this.#identities.get(hash);
    if (identity === undefined) return undefined;
    this.#identities.delete(hash);
    if ((identity.expiresAtMs ?? 0) <= this.#clock.wallMs()) return undefined;
    this.#identities.set(hash, identity);
    return identity;
  }

  /** A token without an end is verified every time. */
  remember(hash: TokenHash, identity: Identity): void {
    if (this.#maxTokens === 0 || identity.expiresAtMs === undefined) return;
    this.#identities.set(hash, identity);
    if (this.#identities.size <= this.#maxTokens) return;
    const [oldest] = this.#identities.keys();
    if (oldest !== undefined) this.#identities.delete(oldest);
  }

  clear(): void {
    this.#identities.clear();
  }
}
