import type { Clock, Logger } from "@holdfast/core";
import { type AuthenticateHandler, type Identity, UnavailableError } from "@holdfast/protocol";
import { complaintAbout, fetchBounded } from "../outbound/fetch-bounded.js";
import { nodeClock } from "../platform.js";
import { type Algorithm, algorithms as everyAlgorithm, isAlgorithm } from "./algorithms.js";
import { type ClaimRules, identityOf } from "./claims.js";
import { type KeySetOptions, KeySetUrl } from "./key-set-url.js";
import { jwkSetKeys, pemKey, secretKey, type VerificationKey } from "./keys.js";
import { candidates, takeApart, type UnverifiedToken, verifySignature } from "./signature.js";
import { hashOf, type TokenHash, VerifiedTokens } from "./verified-tokens.js";

/** How tokens are judged. At least one of `secrets`, `publicKeys`, `keySet` and `keySetUrl`. */
export interface JwtOptions {
  /** Shared secrets of at least 32 bytes; several while one replaces another. */
  readonly secrets?: readonly (string | Uint8Array)[];
  /** Public keys or certificates in PEM. */
  readonly publicKeys?: readonly string[];
  /** A JWK set (RFC 7517 §5) with public keys. */
  readonly keySet?: unknown;
  /** Where a JWK set is fetched from. */
  readonly keySetUrl?: string | KeySetOptions;
  /** Algorithms accepted. Default: all the keys can verify. */
  readonly algorithms?: readonly string[];
  /** Required `iss`: any of these. */
  readonly issuer?: string | readonly string[];
  /** Required `aud`: any of these has to be among the token's. */
  readonly audience?: string | readonly string[];
  /** Claims that must be there. Default `exp` and `sub`. */
  readonly requiredClaims?: readonly string[];
  /** How far the issuer's clock may be ahead, for `nbf` and `iat`. Default 5,000 ms. */
  readonly clockToleranceMs?: number;
  /** Verified tokens remembered until they expire. Default 10,000. */
  readonly maxCachedTokens?: number;
  /** Hears of key sets that cannot be fetched. Default: silent. */
  readonly logger?: Logger;
}

/** What is the platform's, for tests to replace. */
export interface JwtPlatform {
  readonly clock: Clock;
  readonly fetch: typeof fetchBounded;
}

/** Longer tokens are not looked at; a header line holds 16 KiB. */
const MAX_TOKEN_CHARS = 16_384;

/**
 * An `authenticate` handler for JSON Web Tokens (RFC 7519, judged by RFC 8725): the user is `sub`,
 * the capabilities are `can`. A token that is not valid is no identity, whatever is wrong with it.
 * Throws `TypeError` naming the option for keys that cannot be used.
 */
export function jwt(
  options: JwtOptions,
  platform: JwtPlatform = { clock: nodeClock, fetch: fetchBounded },
): AuthenticateHandler {
  const judge = new TokenJudge(options, platform);
  return ({ token }) => (token === undefined ? null : judge.judge(token));
}

class TokenJudge {
  readonly #clock: Clock;
  readonly #rules: ClaimRules;
  readonly #algorithms: readonly Algorithm[];
  readonly #keys: readonly VerificationKey[];
  readonly #keySet: KeySetUrl | undefined;
  readonly #verified: VerifiedTokens;

  constructor(options: JwtOptions, { clock, fetch }: JwtPlatform) {
    this.#clock = clock;
    this.#rules = {
      issuers: listOf(options.issuer),
      audiences: listOf(options.audience),
      requiredClaims: options.requiredClaims ?? ["exp", "sub"],
      clockToleranceMs: options.clockToleranceMs ?? 5_000,
    };
    this.#algorithms = algorithmsOf(options.algorithms);
    this.#keys = keysOf(options);
    this.#verified = new VerifiedTokens(clock, options.maxCachedTokens ?? 10_000);
    const { keySetUrl, logger } = options;
    if (keySetUrl !== undefined) {
      const asked = typeof keySetUrl === "string" ? { url: keySetUrl } : keySetUrl;
      const { allowPrivate = false } = asked;
      const complaint = URL.canParse(asked.url)
        ? complaintAbout(new URL(asked.url), { allowPrivate })
        : "It is not a URL.";
      if (complaint !== undefined) throw new TypeError(`jwt: option keySetUrl: ${complaint}`);
      this.#keySet = new KeySetUrl(asked, {
        clock,
        fetch,
        changed: () => this.#verified.clear(),
        failed: (reason) => logger?.warn("key set not fetched", { url: asked.url, reason }),
      });
    } else if (this.#keys.length === 0) {
      throw new TypeError("jwt: no key: give secrets, publicKeys, keySet or keySetUrl.");
    }
  }

  judge(text: string): Identity | null | Promise<Identity | null> {
    if (text.length > MAX_TOKEN_CHARS) return null;
    this.#keySet?.refreshIfOld();
    const hash = hashOf(text);
    const known = this.#verified.find(hash);
    if (known !== undefined) return known;
    const token = takeApart(text);
    if (token === undefined || !this.#algorithms.includes(token.algorithm)) return null;
    const keys = this.#candidates(token);
    if (keys.length === 0 && this.#keySet !== undefined) return this.#afterFetch(token, hash);
    const claims = verifySignature(token, keys);
    if (!(claims instanceof Promise)) return this.#conclude(claims, hash);
    // Where names do not tell, a signature that no key made may be of a key that is not here yet.
    const isNamed = keys.some(({ kid }) => kid !== undefined && kid === token.kid);
    return claims.then((each) =>
      each === undefined && !isNamed && this.#keySet !== undefined
        ? this.#afterFetch(token, hash)
        : this.#conclude(each, hash),
    );
  }

  /**
   * The token is of a key that is not there: the issuer may have begun to use a new one. While the set
   * cannot be fetched nobody can tell, and a refusal would send the client away for good.
   */
  async #afterFetch(token: UnverifiedToken, hash: TokenHash): Promise<Identity | null> {
    await this.#keySet?.fetchAgain();
    const keys = this.#candidates(token);
    if (keys.length === 0 && this.#keySet?.failing === true) {
      throw new UnavailableError("The key set cannot be fetched.");
    }
    return this.#conclude(await verifySignature(token, keys), hash);
  }

  #candidates(token: UnverifiedToken): VerificationKey[] {
    return candidates([...this.#keys, ...(this.#keySet?.keys ?? [])], token);
  }

  #conclude(claims: Record<string, unknown> | undefined, hash: TokenHash): Identity | null {
    if (claims === undefined) return null;
    const identity = identityOf(claims, this.#rules, this.#clock.wallMs());
    if (identity === undefined) return null;
    this.#verified.remember(hash, identity);
    return identity;
  }
}

function listOf(value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return [];
  return typeof value === "string" ? [value] : value;
}

function algorithmsOf(names: readonly string[] | undefined): readonly Algorithm[] {
  if (names === undefined) return everyAlgorithm;
  return names.map((name) => {
    if (isAlgorithm(name)) return name;
    throw new TypeError(
      `jwt: option algorithms: ${JSON.stringify(name)} is not one of ${everyAlgorithm.join(", ")}.`,
    );
  });
}

function keysOf({ secrets = [], publicKeys = [], keySet }: JwtOptions): VerificationKey[] {
  return [
    ...secrets.map((each, i) => named(`secrets[${i}]`, () => secretKey(each))),
    ...publicKeys.map((each, i) => named(`publicKeys[${i}]`, () => pemKey(each))),
    ...(keySet === undefined ? [] : named("keySet", () => jwkSetKeys(keySet))),
  ];
}

/** Names the option in what is wrong with its value, and never shows the value. */
function named<Key>(option: string, make: () => Key): Key {
  try {
    return make();
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    throw new TypeError(`jwt: option ${option}: ${problem}.`, { cause });
  }
}
