import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** Shorter keys could be guessed. */
const MIN_KEY_CHARS = 16;
const MAX_KEYS = 64;

/** Tells a configured API key from any other text. */
export type KeyCheck = (presented: string | undefined) => boolean;

const digest = (text: string): Buffer => createHash("sha256").update(text, "utf8").digest();

/**
 * A check in constant time: digests have one length, and every key is compared whichever matched.
 * Without keys nothing passes. Throws for a key that is too short to be one.
 */
export function createKeyCheck(keys: readonly string[]): KeyCheck {
  if (keys.length > MAX_KEYS) throw new TypeError(`apiKeys: at most ${MAX_KEYS} keys.`);
  for (const [index, key] of keys.entries()) {
    if (key.length < MIN_KEY_CHARS) {
      throw new TypeError(`apiKeys[${index}]: a key has at least ${MIN_KEY_CHARS} characters.`);
    }
  }
  const digests = keys.map(digest);
  return (presented) => {
    if (presented === undefined) return false;
    const candidate = digest(presented);
    let found = false;
    for (const known of digests) found = timingSafeEqual(known, candidate) || found;
    return found;
  };
}

/** The key a request presents: `Authorization: Bearer <key>` or `X-Api-Key: <key>`. */
export function presentedKey(headers: IncomingHttpHeaders): string | undefined {
  const { authorization } = headers;
  if (authorization !== undefined && /^bearer /i.test(authorization)) {
    return authorization.slice("bearer ".length).trim();
  }
  const single = headers["x-api-key"];
  return typeof single === "string" ? single : undefined;
}
