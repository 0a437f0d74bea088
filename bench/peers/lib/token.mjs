import { createHmac } from "node:crypto";

/** The secret of the servers that are measured; they live for seconds, on loopback. */
export const secret = "a-secret-of-the-benchmark-that-is-long-enough";

/**
 * A connection token, HS256 (RFC 7515), valid for an hour.
 * @param {Record<string, unknown>} claims
 */
export function signToken(claims) {
  const part = (/** @type {unknown} */ value) =>
    Buffer.from(JSON.stringify(value)).toString("base64url");
  const exp = Math.floor(Date.now() / 1000) + 3600;
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part({ ...claims, exp })}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}
