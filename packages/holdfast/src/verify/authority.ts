import type { Clock, Random } from "@holdfast/core";
import type { TokenAuthority } from "@holdfast/probe";
import { signToken } from "../serve/token.js";

/** Patience for one order, in milliseconds. */
const timeoutMs = 5_000;
const tokenLifeSeconds = 86_400;
/** RFC 7518 §3.2: a key for HS256 has at least the size of its hash. */
const secretChars = 43;

/** Secrets of one run: nobody else has them, and they end with it. */
export interface RunSecrets {
  readonly tokenSecret: string;
  readonly apiKey: string;
}

/** Secrets that nobody can guess. */
export function makeSecrets(random: Random): RunSecrets {
  return { tokenSecret: random.id(secretChars), apiKey: random.id(secretChars) };
}

/** Gives the clients of a spawned system tokens, and revokes them over its HTTP API. */
export function tokenAuthority(
  http: string,
  { tokenSecret, apiKey }: RunSecrets,
  { namespace, clock }: { readonly namespace: string; readonly clock: Clock },
): TokenAuthority {
  const everything = ["subscribe", "publish", "presence", "history"] as const;
  const can = Object.fromEntries(
    ["", "-last", "-merge"].map((suffix) => [`${namespace}${suffix}:*`, everything]),
  );
  const options = { tokenSecret, tokenIssuer: "", tokenAudience: "" };
  return {
    issue: (user) => {
      const nowSeconds = Math.floor(clock.wallMs() / 1_000);
      return signToken(options, { user, can, lifeSeconds: tokenLifeSeconds, nowSeconds });
    },
    revoke: async (user) => {
      const answer = await fetch(`${http}/api/revoke`, {
        method: "POST",
        headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
        body: JSON.stringify({ user }),
        signal: AbortSignal.timeout(timeoutMs),
      }).catch(() => undefined);
      await answer?.body?.cancel();
      return answer?.ok === true;
    },
  };
}
