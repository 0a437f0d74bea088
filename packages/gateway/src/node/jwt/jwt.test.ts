import { createHmac, generateKeyPairSync, type KeyObject } from "node:crypto";
import { VirtualClock } from "@holdfast/core/testing";
import type { Identity } from "@holdfast/protocol";
import { SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { type JwtOptions, jwt } from "./jwt.js";

const secret = "a secret of more than thirty-two bytes, for tests alone";
const longSecret = secret + secret;
const now = Date.UTC(2030, 0, 1) / 1_000;
const claims = { sub: "ada", exp: now + 60, can: { "chat:*": ["subscribe"] } };

function judge(options: JwtOptions) {
  const clock = new VirtualClock();
  const handler = jwt(options, {
    clock,
    fetch: () => Promise.reject(new Error("no network in this test")),
  });
  const ask = (token: string): Identity | null | Promise<Identity | null> =>
    handler({ token, headers: {}, signal: new AbortController().signal });
  return { clock, ask };
}

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A compact JWS made by hand, so that nothing keeps a test from making it wrong. */
function handMade(header: unknown, payload: unknown, key: string | Buffer, hash = "sha256") {
  const signed = `${part(header)}.${part(payload)}`;
  return `${signed}.${createHmac(hash, key).update(signed).digest("base64url")}`;
}

const signedWith = (key: KeyObject, alg: string, kid?: string): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }) }).sign(key);

const pem = (key: KeyObject): string => key.export({ type: "spki", format: "pem" }).toString();

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ed = generateKeyPairSync("ed25519");
const pairs = {
  RS256: rsa,
  RS384: rsa,
  RS512: rsa,
  PS256: rsa,
  PS384: rsa,
  PS512: rsa,
  ES256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  ES384: generateKeyPairSync("ec", { namedCurve: "P-384" }),
  ES512: generateKeyPairSync("ec", { namedCurve: "P-521" }),
  EdDSA: ed,
  Ed25519: ed,
};

describe("a JSON Web Token", () => {
  it.each(["HS256", "HS384", "HS512"])("signed with %s is its user's", async (alg) => {
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg })
      .sign(Buffer.from(longSecret));
    const identity = judge({ secrets: [longSecret] }).ask(token);
    expect(identity).toEqual({
      user: "ada",
      can: claims.can,
      expiresAtMs: (now + 60) * 1_000,
    });
  });

  it.each(Object.entries(pairs))("signed with %s is its user's", async (alg, pair) => {
    const token = await signedWith(pair.privateKey, alg);
    const { ask } = judge({ publicKeys: [pem(pair.publicKey)] });
    expect(await ask(token)).toMatchObject({ user: "ada" });
    const [head, , signature] = token.split(".");
    expect(await ask(`${head}.${part({ ...claims, sub: "eve" })}.${signature}`)).toBeNull();
  });

  it("carries its identifier and time of issue, so that it can be revoked", () => {
    const token = handMade({ alg: "HS256" }, { ...claims, jti: "t-1", iat: now - 5 }, secret);
    expect(judge({ secrets: [secret] }).ask(token)).toMatchObject({
      tokenId: "t-1",
      issuedAtMs: (now - 5) * 1_000,
    });
  });

  it("is known by an older secret while a newer one replaces it", () => {
    const token = handMade({ alg: "HS256" }, claims, secret);
    expect(judge({ secrets: [longSecret, secret] }).ask(token)).toMatchObject({ user: "ada" });
  });
});

describe("a token is refused (abuse case 4)", () => {
  const ownKey = { kty: "oct", k: Buffer.from(longSecret).toString("base64url") };
  const good = { alg: "HS256", typ: "JWT" };
  const tokens: Record<string, string> = {
    "without a signature, alg none": `${part({ alg: "none" })}.${part(claims)}.`,
    "alg none with a signature": handMade({ alg: "none" }, claims, secret),
    "alg None": handMade({ alg: "None" }, claims, secret),
    "alg NONE": handMade({ alg: "NONE" }, claims, secret),
    "alg empty": handMade({ alg: "" }, claims, secret),
    "alg in a list": handMade({ alg: ["HS256"] }, claims, secret),
    "alg of a built-in property": handMade({ alg: "constructor" }, claims, secret),
    "with an empty signature": handMade(good, claims, secret).replace(/[^.]*$/, ""),
    "whose signature is cut": handMade(good, claims, secret).slice(0, -4),
    "whose signature has bytes more": `${handMade(good, claims, secret)}AAAA`,
    "with a key of its own (jwk)": handMade({ ...good, jwk: ownKey }, claims, longSecret),
    "with a key elsewhere (jku)": handMade(
      { ...good, jku: "https://evil.example" },
      claims,
      longSecret,
    ),
    "with a kid that is a path": handMade({ ...good, kid: "../../dev/null" }, claims, ""),
    "with a kid that is no text": handMade({ ...good, kid: 7 }, claims, secret),
    "whose header is a list": handMade([good], claims, secret),
    "whose exp is null": handMade(good, { ...claims, exp: null }, secret),
    "whose exp is not finite": handMade(good, { ...claims, exp: -1e300 }, secret),
    "whose sub is empty": handMade(good, { ...claims, sub: "" }, secret),
    "encrypted, of five parts": `${handMade(good, claims, secret)}.x.y`,
    "without alg": handMade({}, claims, secret),
    "signed with another secret": handMade(good, claims, longSecret),
    "signed with another hash than it says": handMade(good, claims, secret, "sha512"),
    "with a hash the secret is too short for": handMade({ alg: "HS512" }, claims, secret, "sha512"),
    "with a critical extension": handMade({ ...good, crit: ["exp"] }, claims, secret),
    "with an unencoded payload (RFC 7797)": handMade({ ...good, b64: false }, claims, secret),
    "without exp": handMade(good, { sub: "ada" }, secret),
    "without sub": handMade(good, { exp: now + 60 }, secret),
    "not valid yet": handMade(good, { ...claims, nbf: now + 60 }, secret),
    "issued in the future": handMade(good, { ...claims, iat: now + 60 }, secret),
    "whose exp is a text": handMade(good, { ...claims, exp: "2040" }, secret),
    "whose exp is in milliseconds": handMade(good, { ...claims, exp: now * 1_000 }, secret),
    "whose sub is a number": handMade(good, { ...claims, sub: 7 }, secret),
    "whose capabilities are a list": handMade(good, { ...claims, can: ["chat:*"] }, secret),
    "with an unknown action": handMade(good, { ...claims, can: { "chat:*": ["root"] } }, secret),
    "whose payload is no object": handMade(good, "ada", secret),
    "of two parts": `${part(good)}.${part(claims)}`,
    "of four parts": `${handMade(good, claims, secret)}.x`,
    "with padding": `${part(good)}=.${part(claims)}.x`,
    "that is no base64url": "a b.c d.e f",
    "that is empty": "",
    "longer than any header": "x".repeat(20_000),
  };
  it.each(Object.entries(tokens))("%s", async (_name, token) => {
    const { ask } = judge({ secrets: [secret] });
    expect(await ask(token)).toBeNull();
    // The protection is what refuses: the same door lets the good one in.
    expect(ask(handMade(good, claims, secret))).toMatchObject({ user: "ada" });
  });

  it("made with a public key as if it were a secret (key confusion)", async () => {
    const publicPem = pem(rsa.publicKey);
    const { ask } = judge({ publicKeys: [publicPem] });
    expect(await ask(handMade({ alg: "HS256" }, claims, publicPem))).toBeNull();
    expect(await ask(await signedWith(rsa.privateKey, "RS256"))).toMatchObject({ user: "ada" });
  });

  it.each([
    ["DER", "der"],
    ["JWK", "jwk"],
  ] as const)("made with a public key as if it were a secret, as %s", async (_name, format) => {
    const exported =
      format === "jwk"
        ? JSON.stringify(rsa.publicKey.export({ format }))
        : rsa.publicKey.export({ format, type: "spki" });
    const { ask } = judge({ publicKeys: [pem(rsa.publicKey)] });
    for (const alg of ["HS256", "HS384", "HS512"]) {
      const hash = alg.replace("HS", "sha");
      expect(await ask(handMade({ alg }, claims, exported, hash))).toBeNull();
    }
  });

  it("of an algorithm that is not among those accepted", async () => {
    const { ask } = judge({ publicKeys: [pem(rsa.publicKey)], algorithms: ["PS256"] });
    expect(await ask(await signedWith(rsa.privateKey, "RS256"))).toBeNull();
    expect(await ask(await signedWith(rsa.privateKey, "PS256"))).not.toBeNull();
  });

  it("of another issuer or audience", () => {
    const { ask } = judge({
      secrets: [secret],
      issuer: "https://id.example",
      audience: ["live", "chat"],
    });
    const made = (more: object) =>
      ask(handMade({ alg: "HS256" }, { ...claims, iss: "https://id.example", ...more }, secret));
    expect(made({ aud: "chat" })).toMatchObject({ user: "ada" });
    expect(made({ aud: ["other", "live"] })).toMatchObject({ user: "ada" });
    expect(made({ aud: "other" })).toBeNull();
    expect(made({})).toBeNull();
    expect(made({ aud: "chat", iss: "https://id.example.evil" })).toBeNull();
  });

  it("from the moment it has expired, also where it was verified before", () => {
    const { ask, clock } = judge({ secrets: [secret] });
    const token = handMade({ alg: "HS256" }, claims, secret);
    expect(ask(token)).toMatchObject({ expiresAtMs: (now + 60) * 1_000 });
    clock.advance(60_000);
    // It still says whose it was and when it ended; the session closes with `token_expired`.
    expect(ask(token)).toMatchObject({ expiresAtMs: clock.wallMs() });
  });
});

describe("a clock that is behind the issuer's", () => {
  it("is tolerated within its bound", () => {
    const token = handMade({ alg: "HS256" }, { ...claims, nbf: now + 4, iat: now + 4 }, secret);
    expect(judge({ secrets: [secret] }).ask(token)).toMatchObject({ user: "ada" });
    expect(judge({ secrets: [secret], clockToleranceMs: 3_000 }).ask(token)).toBeNull();
  });
});

describe("keys that cannot be used are refused by name, and never shown", () => {
  const weak = generateKeyPairSync("rsa", { modulusLength: 1024 });
  const dh = generateKeyPairSync("x25519");
  const wrong: Record<string, [JwtOptions, RegExp]> = {
    "none at all": [{}, /no key/],
    "a short secret": [{ secrets: ["hunter2"] }, /secrets\[0\].*32 bytes/],
    "a public key as a secret": [{ secrets: [pem(rsa.publicKey)] }, /secrets\[0\].*PEM/],
    "a private key": [
      { publicKeys: [rsa.privateKey.export({ type: "pkcs8", format: "pem" }).toString()] },
      /publicKeys\[0\].*private/,
    ],
    "a weak RSA key": [{ publicKeys: [pem(weak.publicKey)] }, /2048/],
    "a key that cannot verify": [{ publicKeys: [pem(dh.publicKey)] }, /no algorithm/],
    "no PEM": [{ publicKeys: ["hunter2"] }, /publicKeys\[0\].*no public key/],
    "an unknown algorithm": [{ secrets: [secret], algorithms: ["none"] }, /algorithms.*none/],
    "a key set without TLS": [{ keySetUrl: "http://id.example/keys" }, /keySetUrl.*https:/],
    "a key set inside": [{ keySetUrl: "https://169.254.169.254/" }, /keySetUrl.*inside/],
    "a key set nowhere": [{ keySetUrl: "keys" }, /keySetUrl.*URL/],
    "no JWK set": [{ keySet: [] }, /keySet.*keys/],
  };
  it.each(Object.entries(wrong))("%s", (_name, [options, message]) => {
    expect(() => jwt(options)).toThrow(message);
    expect(() => jwt(options)).toThrow(TypeError);
    expect(() => jwt(options)).not.toThrow(/hunter2|MII/);
  });
});
