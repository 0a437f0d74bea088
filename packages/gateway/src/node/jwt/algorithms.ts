import type { KeyObject } from "node:crypto";

/** Algorithms of RFC 7518 §3.1 and RFC 8037 / RFC 9864 that a token may be signed with; `none` is not one. */
export const algorithms = [
  "HS256",
  "HS384",
  "HS512",
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
] as const;

/** One of them. */
export type Algorithm = (typeof algorithms)[number];

/** Tells an algorithm known here from any other value. */
export function isAlgorithm(value: unknown): value is Algorithm {
  return (algorithms as readonly unknown[]).includes(value);
}

/** RFC 7518 §3.2: a key has at least the size of the hash. */
const hmacKeyBytes = { HS256: 32, HS384: 48, HS512: 64 } as const;

/** An HMAC algorithm. */
export type HmacAlgorithm = keyof typeof hmacKeyBytes;

/** Those a secret of so many bytes is long enough for. */
export function hmacAlgorithmsOf(bytes: number): readonly HmacAlgorithm[] {
  const names = Object.keys(hmacKeyBytes) as HmacAlgorithm[];
  return names.filter((name) => bytes >= hmacKeyBytes[name]);
}

/** Those an asymmetric public key can verify: a key never serves another family (RFC 8725 §3.1). */
export function algorithmsOf(key: KeyObject): readonly Algorithm[] {
  switch (key.asymmetricKeyType) {
    case "rsa":
      return ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];
    case "rsa-pss":
      return ["PS256", "PS384", "PS512"];
    case "ed25519":
      return ["EdDSA", "Ed25519"];
    case "ec":
      return curveAlgorithms[key.asymmetricKeyDetails?.namedCurve ?? ""] ?? [];
    default:
      return [];
  }
}

/** RFC 7518 §3.4: each curve has one algorithm. */
const curveAlgorithms: Readonly<Record<string, readonly Algorithm[]>> = {
  prime256v1: ["ES256"],
  secp384r1: ["ES384"],
  secp521r1: ["ES512"],
};
