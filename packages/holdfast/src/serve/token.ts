import type { AuthenticateHandler, Capabilities, Identity } from "@holdfast/protocol";
import { jwtVerify, SignJWT } from "jose";
import { isCapabilities } from "../config/channel_rules.js";
import { UsageError } from "../config/usage_error.js";

/** RFC 7518 §3.2: a key for HS256 has at least the size of its hash. */
const minSecretBytes = 32;

/** The options that say how connection tokens are made and judged. */
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

/** Makes the handler that turns a valid token into an identity and refuses every other one. */
export function tokenAuthenticator(options: TokenOptions): AuthenticateHandler {
  const key = keyOf(options.tokenSecret);
  const rules = {
    algorithms: ["HS256"],
    requiredClaims: ["exp", "sub"],
    ...(options.tokenIssuer === "" ? {} : { issuer: options.tokenIssuer }),
    ...(options.tokenAudience === "" ? {} : { audience: options.tokenAudience }),
  };
  return async ({ token }): Promise<Identity | null> => {
    if (token === undefined) return null;
    const payload = await jwtVerify(token, key, rules).then(
      (verified) => verified.payload,
      // Whatever is wrong with it, a peer learns only that it is not valid.
      () => null,
    );
    if (payload === null || payload.sub === undefined || payload.exp === undefined) return null;
    const can = payload.can ?? {};
    if (!isCapabilities(can) || payload.sub.length === 0 || payload.sub.length > 256) return null;
    return { user: payload.sub, can, expiresAtMs: payload.exp * 1000 };
  };
}

function keyOf(secret: string): Uint8Array {
  return new TextEncoder().encode(secret);
}
