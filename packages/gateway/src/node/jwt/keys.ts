import { createPublicKey, createSecretKey, type KeyObject } from "node:crypto";
import { type Algorithm, algorithmsOf, hmacAlgorithmsOf, isAlgorithm } from "./algorithms.js";

/** A key ready for use, and what it may verify. */
export interface VerificationKey {
  readonly kid?: string;
  readonly algorithms: readonly Algorithm[];
  readonly key: KeyObject;
}

/** Keys of one set; more would make every token with a foreign `kid` expensive. */
const MAX_KEYS = 64;
const MIN_SECRET_BYTES = 32;
/** RFC 7518 §3.3 */
const MIN_RSA_BITS = 2_048;
const MAX_RSA_BITS = 16_384;

/** A shared secret. Throws `TypeError` for one that is too short, or is a PEM text by mistake. */
export function secretKey(secret: string | Uint8Array): VerificationKey {
  const bytes = typeof secret === "string" ? Buffer.from(secret, "utf8") : Buffer.from(secret);
  if (bytes.includes("-----BEGIN ")) {
    // A public key taken for a secret lets everybody who knows it sign (RFC 8725 §2.1).
    throw new TypeError("a PEM text is no secret: give it as a public key");
  }
  if (bytes.byteLength < MIN_SECRET_BYTES) {
    throw new TypeError(`a secret has at least ${MIN_SECRET_BYTES} bytes (RFC 7518 §3.2)`);
  }
  return { algorithms: hmacAlgorithmsOf(bytes.byteLength), key: createSecretKey(bytes) };
}

/** A public key or certificate in PEM. Throws `TypeError` for anything else, private keys too. */
export function pemKey(pem: string): VerificationKey {
  if (/-----BEGIN (?:\w+ )?PRIVATE KEY-----/.test(pem)) {
    throw new TypeError("a private key does not belong here: give the public one");
  }
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (cause) {
    throw new TypeError("the PEM text holds no public key or certificate", { cause });
  }
  return usable(key, algorithmsOf(key));
}

/** The usable keys of a JWK set (RFC 7517 §5); those of other uses and kinds are passed over. */
export function jwkSetKeys(set: unknown): VerificationKey[] {
  const keys = isRecord(set) ? set.keys : undefined;
  if (!Array.isArray(keys)) throw new TypeError("a JWK set has a list `keys` (RFC 7517 §5)");
  if (keys.length > MAX_KEYS) throw new TypeError(`a JWK set may have ${MAX_KEYS} keys`);
  return keys.flatMap((jwk: unknown) => {
    try {
      return [jwkKey(jwk)];
    } catch {
      // RFC 7517 §5: what is not understood is ignored; one odd key must not lose the others.
      return [];
    }
  });
}

function jwkKey(jwk: unknown): VerificationKey {
  if (!isRecord(jwk)) throw new TypeError("a JWK is an object");
  const { kid, alg, use, key_ops: operations, kty } = jwk;
  if (kid !== undefined && typeof kid !== "string") throw new TypeError("kid is a text");
  // Whoever serves a set publishes it: a symmetric key in one is known to everybody.
  if (kty === "oct") throw new TypeError("a secret does not belong in a key set");
  if (use !== undefined && use !== "sig") throw new TypeError("the key is for another use");
  if (Array.isArray(operations) && !operations.includes("verify")) {
    throw new TypeError("the key is for other operations");
  }
  const key = createPublicKey({ key: jwk as JsonWebKey, format: "jwk" });
  const able = algorithmsOf(key);
  const allowed = alg === undefined ? able : able.filter((name) => name === alg);
  const made = usable(key, allowed.filter(isAlgorithm));
  return kid === undefined ? made : { ...made, kid };
}

function usable(key: KeyObject, allowed: readonly Algorithm[]): VerificationKey {
  if (allowed.length === 0) {
    throw new TypeError("no algorithm known here works with this kind of key");
  }
  const { modulusLength } = key.asymmetricKeyDetails ?? {};
  if (
    modulusLength !== undefined &&
    (modulusLength < MIN_RSA_BITS || modulusLength > MAX_RSA_BITS)
  ) {
    throw new TypeError(`an RSA key has ${MIN_RSA_BITS} to ${MAX_RSA_BITS} bits`);
  }
  return { algorithms: allowed, key };
}

type JsonWebKey = import("node:crypto").JsonWebKey;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
