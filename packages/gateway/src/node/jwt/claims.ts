import type { Action, Capabilities, Identity } from "@holdfast/protocol";

/** What is asked of a token's claims (RFC 7519 §4.1). */
export interface ClaimRules {
  /** Any of these; empty: `iss` is not looked at. */
  readonly issuers: readonly string[];
  /** Any of these has to be among `aud`; empty: `aud` is not looked at. */
  readonly audiences: readonly string[];
  readonly requiredClaims: readonly string[];
  /** How far the issuer's clock may be ahead of this one: for `nbf` and `iat`, never for `exp`. */
  readonly clockToleranceMs: number;
}

/** No clock is this far off: a larger number is in milliseconds where seconds belong. */
const MAX_NUMERIC_DATE_S = 100_000_000_000;
const MAX_USER_CHARS = 256;
const MAX_TOKEN_ID_CHARS = 256;

const actions: readonly Action[] = ["subscribe", "publish", "presence", "history", "call"];

/** The identity a token's claims stand for, or undefined: they do not hold now, or are malformed. */
export function identityOf(
  claims: Readonly<Record<string, unknown>>,
  rules: ClaimRules,
  nowMs: number,
): Identity | undefined {
  const { iss, aud, sub, jti, can = {} } = claims;
  if (rules.requiredClaims.some((name) => claims[name] === undefined)) return undefined;
  if (rules.issuers.length > 0 && !rules.issuers.some((each) => each === iss)) return undefined;
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (rules.audiences.length > 0 && !rules.audiences.some((each) => audiences.includes(each))) {
    return undefined;
  }
  const times = timesOf(claims);
  if (times === undefined) return undefined;
  const latestMs = nowMs + rules.clockToleranceMs;
  if ((times.nbf ?? 0) * 1_000 > latestMs || (times.iat ?? 0) * 1_000 > latestMs) return undefined;
  if (sub !== undefined && (typeof sub !== "string" || sub === "" || sub.length > MAX_USER_CHARS)) {
    return undefined;
  }
  if (jti !== undefined && (typeof jti !== "string" || jti.length > MAX_TOKEN_ID_CHARS)) {
    return undefined;
  }
  if (!isCapabilities(can)) return undefined;
  return {
    ...(sub === undefined ? {} : { user: sub }),
    can,
    // An expired token keeps its identity: whoever holds it is told that it has expired.
    ...(times.exp === undefined ? {} : { expiresAtMs: times.exp * 1_000 }),
    ...(times.iat === undefined ? {} : { issuedAtMs: times.iat * 1_000 }),
    ...(jti === undefined ? {} : { tokenId: jti }),
  };
}

type Times = { readonly [Name in "exp" | "nbf" | "iat"]?: number };

/** The NumericDates (RFC 7519 §2); undefined when one of them is not a number. */
function timesOf(claims: Readonly<Record<string, unknown>>): Times | undefined {
  const times: Record<string, number> = {};
  for (const name of ["exp", "nbf", "iat"]) {
    const value = claims[name];
    if (value === undefined) continue;
    if (typeof value !== "number" || !(Math.abs(value) < MAX_NUMERIC_DATE_S)) return undefined;
    times[name] = value;
  }
  return times;
}

function isCapabilities(value: unknown): value is Capabilities {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  return Object.values(value).every(
    (listed) => Array.isArray(listed) && listed.every((each) => actions.includes(each)),
  );
}
