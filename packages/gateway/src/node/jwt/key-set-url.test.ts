import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { VirtualClock } from "@holdfast/core/testing";
import { UnavailableError } from "@holdfast/protocol";
import { SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { type JwtOptions, jwt } from "./jwt.js";

const now = Date.UTC(2030, 0, 1) / 1_000;
const first = generateKeyPairSync("ed25519");
const second = generateKeyPairSync("ed25519");

const jwk = (key: KeyObject, kid: string | undefined, more: object = {}): object => ({
  ...key.export({ format: "jwk" }),
  kid,
  use: "sig",
  ...more,
});

const token = (key: KeyObject, kid: string, user = "ada"): Promise<string> =>
  new SignJWT({ sub: user, exp: now + 86_400 }).setProtectedHeader({ alg: "EdDSA", kid }).sign(key);

/** A key set that the test changes, and how often it was asked for. */
function served(options: Partial<JwtOptions> = {}) {
  const clock = new VirtualClock();
  const server = { body: "", failing: false, fetches: 0, warnings: [] as string[] };
  const handler = jwt(
    {
      keySetUrl: "https://id.example/keys",
      logger: {
        debug: () => {},
        info: () => {},
        error: () => {},
        warn: (_message, fields) => void server.warnings.push(String(fields?.reason)),
      },
      ...options,
    },
    {
      clock,
      fetch: async () => {
        server.fetches++;
        if (server.failing) throw new Error("It did not answer in time.");
        return Buffer.from(server.body);
      },
    },
  );
  const ask = (text: string) =>
    handler({ token: text, headers: {}, signal: new AbortController().signal });
  const serve = (...keys: object[]): void => {
    server.body = JSON.stringify({ keys });
  };
  return { ask, clock, serve, server };
}

describe("a key set behind a URL (abuse case 34)", () => {
  it("is fetched once for any number of tokens that come at the same time", async () => {
    const { ask, serve, server } = served();
    serve(jwk(first.publicKey, "a"));
    const tokens = await Promise.all(
      Array.from({ length: 50 }, (_, i) => token(first.privateKey, "a", `user-${i}`)),
    );
    const identities = await Promise.all(tokens.map(ask));
    expect(identities.map((each) => each?.user)).toEqual(tokens.map((_, i) => `user-${i}`));
    expect(server.fetches).toBe(1);
  });

  it("is fetched again for a key it does not hold yet, but not more often than its cooldown", async () => {
    const { ask, clock, serve, server } = served();
    serve(jwk(first.publicKey, "a"));
    expect(await ask(await token(first.privateKey, "a"))).toMatchObject({ user: "ada" });
    const renewed = await token(second.privateKey, "b");
    serve(jwk(first.publicKey, "a"), jwk(second.publicKey, "b"));
    expect(await ask(renewed)).toBeNull();
    expect(server.fetches).toBe(1);
    clock.advance(10_000);
    expect(await ask(renewed)).toMatchObject({ user: "ada" });
    for (let i = 0; i < 20; i++)
      expect(await ask(await token(first.privateKey, `x${i}`))).toBeNull();
    expect(server.fetches).toBe(2);
  });

  it("keeps the last good keys while it cannot be fetched, and says so", async () => {
    const { ask, clock, serve, server } = served();
    serve(jwk(first.publicKey, "a"));
    await ask(await token(first.privateKey, "a"));
    for (const body of [undefined, "not JSON", '{"keys":[]}', '{"keys":7}']) {
      server.failing = body === undefined;
      server.body = body ?? "";
      clock.advance(600_000);
      const fresh = await token(first.privateKey, "a", `user-${clock.monoMs()}`);
      await ask(fresh);
      await new Promise(setImmediate);
      expect(await ask(fresh)).toMatchObject({ user: `user-${clock.monoMs()}` });
    }
    expect(server.warnings).toHaveLength(4);
  });

  it("without names is fetched again for a signature that none of its keys made", async () => {
    const { ask, clock, serve, server } = served();
    serve(jwk(first.publicKey, undefined));
    expect(await ask(await token(first.privateKey, "a"))).toMatchObject({ user: "ada" });
    serve(jwk(second.publicKey, undefined));
    clock.advance(10_000);
    expect(await ask(await token(second.privateKey, "b"))).toMatchObject({ user: "ada" });
    // A name that is there decides: a forged signature costs no fetch.
    serve(jwk(second.publicKey, "b"));
    clock.advance(600_000);
    await ask(await token(second.privateKey, "b"));
    await new Promise(setImmediate);
    const { fetches } = server;
    clock.advance(10_000);
    expect(await ask(await token(first.privateKey, "b"))).toBeNull();
    expect(server.fetches).toBe(fetches);
  });

  it("that cannot be fetched refuses nobody for good whose key it may hold", async () => {
    const { ask, clock, serve, server } = served();
    server.failing = true;
    const early = await token(first.privateKey, "a");
    await expect(ask(early)).rejects.toThrow(UnavailableError);
    // Within the cooldown too, in which nothing is fetched.
    await expect(ask(early)).rejects.toThrow(UnavailableError);
    server.failing = false;
    serve(jwk(first.publicKey, "a"));
    clock.advance(10_000);
    expect(await ask(early)).toMatchObject({ user: "ada" });
    server.failing = true;
    clock.advance(10_000);
    await expect(ask(await token(second.privateKey, "b"))).rejects.toThrow(UnavailableError);
    // What the keys at hand decide is decided.
    expect(await ask(await token(first.privateKey, "a", "grace"))).toMatchObject({ user: "grace" });
    expect(await ask(await token(second.privateKey, "a"))).toBeNull();
  });

  it("that no longer holds a key ends the trust in what the key had verified", async () => {
    const { ask, clock, serve } = served();
    serve(jwk(first.publicKey, "a"));
    const old = await token(first.privateKey, "a");
    expect(await ask(old)).toMatchObject({ user: "ada" });
    serve(jwk(second.publicKey, "b"));
    clock.advance(600_000);
    await ask(old);
    await new Promise(setImmediate);
    expect(await ask(old)).toBeNull();
  });

  it("may hold keys of other uses and kinds, which verify nothing", async () => {
    const { ask, serve } = served();
    serve(
      { kty: "oct", k: Buffer.alloc(32, 7).toString("base64url"), alg: "HS256" },
      { kty: "unheard-of" },
      jwk(second.publicKey, "b", { use: "enc" }),
      jwk(first.publicKey, "a"),
    );
    expect(await ask(await token(first.privateKey, "a"))).toMatchObject({ user: "ada" });
    expect(await ask(await token(second.privateKey, "b"))).toBeNull();
    const forged = await new SignJWT({ sub: "eve", exp: now + 60 })
      .setProtectedHeader({ alg: "HS256" })
      .sign(Buffer.alloc(32, 7));
    expect(await ask(forged)).toBeNull();
  });
});
