import { createHmac, timingSafeEqual } from "node:crypto";
import { compactVerify } from "jose";
import { type Algorithm, type HmacAlgorithm, isAlgorithm } from "./algorithms.js";
import type { VerificationKey } from "./keys.js";

/** A token taken apart (RFC 7515 §7.1), nothing of it verified. */
export interface UnverifiedToken {
  readonly token: string;
  readonly algorithm: Algorithm;
  readonly kid?: string;
  readonly payload: string;
  readonly signature: string;
}

const PART = /^[A-Za-z0-9_-]+$/;

/** Takes a compact JWS apart; undefined: it could not be accepted, whatever its key. */
export function takeApart(token: string): UnverifiedToken | undefined {
  const parts = token.split(".");
  const [header, payload, signature] = parts;
  if (parts.length !== 3 || !header || !payload || !signature) return undefined;
  if (!parts.every((part) => PART.test(part))) return undefined;
  const fields = jsonObject(header);
  if (fields === undefined) return undefined;
  const { alg, kid, crit, b64 } = fields;
  // RFC 7515 §4.1.11: an extension that is not understood must be refused; none is understood here.
  if (!isAlgorithm(alg) || crit !== undefined || b64 !== undefined) return undefined;
  if (kid !== undefined && typeof kid !== "string") return undefined;
  return { token, algorithm: alg, payload, signature, ...(kid === undefined ? {} : { kid }) };
}

/** The keys a token may be verified with: of its algorithm, and its `kid` where both name one. */
export function candidates(
  keys: readonly VerificationKey[],
  { algorithm, kid }: UnverifiedToken,
): VerificationKey[] {
  return keys.filter(
    (key) =>
      key.algorithms.includes(algorithm) &&
      (kid === undefined || key.kid === undefined || key.kid === kid),
  );
}

const hashes: Readonly<Partial<Record<Algorithm, string>>> = {
  HS256: "sha256",
  HS384: "sha384",
  HS512: "sha512",
} satisfies Record<HmacAlgorithm, string>;

/**
 * The claims, once any of the keys has verified the signature; undefined where none has. HMAC is
 * computed at once: through a promise of Web Cryptography it costs several times as much, which a
 * storm of reconnecting clients would feel.
 */
export function verifySignature(
  token: UnverifiedToken,
  keys: readonly VerificationKey[],
): Record<string, unknown> | undefined | Promise<Record<string, unknown> | undefined> {
  const hash = hashes[token.algorithm];
  if (hash === undefined) return verifyWithJose(token, keys);
  const signed = token.token.slice(0, token.token.length - token.signature.length - 1);
  const given = Buffer.from(token.signature, "base64url");
  for (const { key } of keys) {
    const wanted = createHmac(hash, key).update(signed).digest();
    if (given.byteLength === wanted.byteLength && timingSafeEqual(given, wanted)) {
      return jsonObject(token.payload);
    }
  }
  return undefined;
}

async function verifyWithJose(
  { token, algorithm, payload }: UnverifiedToken,
  keys: readonly VerificationKey[],
): Promise<Record<string, unknown> | undefined> {
  for (const { key } of keys) {
    const verified = await compactVerify(token, key, { algorithms: [algorithm] }).then(
      () => true,
      () => false,
    );
    if (verified) return jsonObject(payload);
  }
  return undefined;
}

function jsonObject(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? { ...value }
      : undefined;
  } catch {
    return undefined;
  }
}
