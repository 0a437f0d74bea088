import type { Capabilities } from "@holdfast/protocol";
import { SignJWT } from "jose";
import { UsageError } from "../config/usage-error.js";

/** RFC 7518 §3.2: a key for HS256 has at least the size of its hash. */
const minSecretBytes = 32;

/** The options that say how connection tokens are made. */
export interface TokenOptions {
  readonly tokenSecret: string;
  readonly tokenIssuer: string;
  readonly tokenAudience: string;
}

/** What a token says. */
export interface TokenClaims {
  readonly user: string;
  readonly can: Capabilities;
  readonly lifeSeconds: number;
  /** Wall-clock time in seconds since the Unix epoch. */
  readonly nowSeconds: number;
}

/**
 * Holds the secret against the smallest safe length.
 * @throws UsageError when it is missing or shorter than 32 bytes
 */
export function requireSecret(secret: string): void {
  if (secret === "") {
    throw new UsageError(
      "tokenSecret is not set: set HOLDFAST_TOKEN_SECRET or tokenSecret in the configuration file.",
    );
  }
  if (keyOf(secret).length < minSecretBytes) {
    throw new UsageError(`tokenSecret is too short: HS256 needs at least ${minSecretBytes} bytes.`);
  }
}

/** Signs a connection token: `sub` is the user, `can` the capabilities. */
export function signToken(options: TokenOptions, claims: TokenClaims): Promise<string> {
  const token = new SignJWT({ can: claims.can })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(claims.user)
    .setIssuedAt(claims.nowSeconds)
    .setExpirationTime(claims.nowSeconds + claims.lifeSeconds);
  if (options.tokenIssuer !== "") token.setIssuer(options.tokenIssuer);
  if (options.tokenAudience !== "") token.setAudience(options.tokenAudience);
  return token.sign(keyOf(options.tokenSecret));
}

function keyOf(secret: string): Uint8Array {
  return new TextEncoder().encode(secret);
}
