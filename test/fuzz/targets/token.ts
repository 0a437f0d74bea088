import { createHmac } from "node:crypto";
import { VirtualClock } from "@holdfast/core/testing";
import { type JwtOptions, jwt } from "../../../packages/gateway/src/node/jwt/mod.js";
import { isIdentity } from "../../../packages/gateway/src/session/identity.js";
import { spoilt } from "../kit/bytes.js";
import { hostileJson, spoiltJson } from "../kit/json.js";
import { must, type Target } from "../kit/target.js";

const secret = "the-secret-of-the-fuzzer-which-is-32-bytes-long";
const clock = new VirtualClock();
const header = { alg: "HS256", typ: "JWT", kid: "one" };
const claims = {
  sub: "alice",
  iss: "fuzz",
  aud: ["holdfast"],
  exp: clock.wallMs() / 1_000 + 600,
  nbf: clock.wallMs() / 1_000 - 600,
  can: { "chat:*": ["subscribe", "publish"] },
};

const base64Url = (text: string): string => Buffer.from(text).toString("base64url");

const signed = (text: string, key = secret): string =>
  `${text}.${createHmac("sha256", key).update(text).digest("base64url")}`;

/** JSON Web Tokens: damaged ones, and signed ones with claims that nobody means. */
export function tokenTarget(share: number): Target {
  return {
    name: "token",
    share,
    make(random) {
      const head = random.chance(0.3) ? spoiltJson(header, random) : JSON.stringify(header);
      const body = random.chance(0.1) ? hostileJson(random) : spoiltJson(claims, random);
      const key = random.chance(0.1) ? "the-secret-of-somebody-else-entirely" : secret;
      const token = Buffer.from(signed(`${base64Url(head)}.${base64Url(body)}`, key));
      return random.chance(0.3) ? spoilt(token, random) : token;
    },
    start() {
      const options: JwtOptions = { secrets: [secret], issuer: "fuzz", audience: "holdfast" };
      const fetch = () => Promise.reject(new Error("nothing is fetched here"));
      const authenticate = jwt(options, { clock, fetch });
      return {
        async run(input) {
          const token = input.toString("utf8");
          const signal = new AbortController().signal;
          const identity = await authenticate({ token, headers: {}, signal });
          if (identity === null || identity === undefined) return;
          must(isIdentity(identity), "a token names an identity or nobody");
          const [head, body, mac] = token.split(".");
          must(
            signed(`${head}.${body}`) === `${head}.${body}.${mac}`,
            "no identity without its signature",
          );
          must(Number.isFinite(identity.expiresAtMs), "no identity without an end");
        },
      };
    },
  };
}
