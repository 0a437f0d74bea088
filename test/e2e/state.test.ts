import { connect } from "@holdfast/client";
import type { StateSnapshot } from "@holdfast/protocol";
import { describe, expect, it, vi } from "vitest";
import { API_KEY, endAfterEach, onEnd, serve } from "./kit/gateway.js";

endAfterEach();

const history = { maxCount: 100, maxAgeMs: 60_000, maxBytes: 1_000_000 };
const channels = {
  "board:*": { state: "merge", history },
  "price:*": { state: "last", history },
  "chat:*": { history },
} as const;
const authorized = { authorization: `Bearer ${API_KEY}` };

const stateUrl = (url: string, channel: string) =>
  `${url}/api/channels/${encodeURIComponent(channel)}/state`;

function client(webSocketUrl: string, token?: string) {
  const made = connect(webSocketUrl, token === undefined ? {} : { getToken: () => token });
  onEnd(() => made.close());
  return made;
}

const tokens: Readonly<Record<string, object>> = {
  reader: { user: "ann", can: { "board:*": ["history"] } },
  writer: { user: "bob", can: { "board:*": ["publish", "subscribe"] } },
  ended: { user: "eve", expiresAtMs: 1 },
};
const authenticate = ({ token }: { readonly token?: string }) => tokens[token ?? ""] ?? null;

describe("GET /api/channels/{channel}/state", () => {
  it("gives the state with its position, with an API key", async () => {
    const { url, gateway } = await serve({ channels });
    await gateway.publish("board:main", { title: "Tea room", open: true });
    const published = await gateway.publish("board:main", { open: null });
    const response = await fetch(stateUrl(url, "board:main"), { headers: authorized });
    const body = await response.json();
    const position = { epoch: expect.any(String), offset: 2, id: expect.any(String) };
    expect([response.status, body]).toEqual([
      200,
      {
        channel: "board:main",
        mode: "merge",
        state: { title: "Tea room" },
        position,
        positionText: expect.stringMatching(/^[\w-]+:2:[\w-]+$/),
      },
    ]);
    const { positionText } = body as { positionText: string };
    expect(published).toMatchObject((body as { position: object }).position);
    expect(response.headers.get("etag")).toBe(`"${positionText}"`);
    const again = await fetch(stateUrl(url, "board:main"), {
      headers: { ...authorized, "if-none-match": `"x", W/"${positionText}"` },
    });
    expect([again.status, await again.text()]).toEqual([304, ""]);
    expect(await gateway.readState("board:main")).toEqual({
      ok: true,
      mode: "merge",
      state: { title: "Tea room" },
      position,
    });
  });

  it("gives null at offset 0 for a channel nobody has published to, whose name has a slash", async () => {
    const { url } = await serve({ channels });
    const response = await fetch(stateUrl(url, "price:eu/gold"), { headers: authorized });
    expect(await response.json()).toMatchObject({
      mode: "last",
      state: null,
      position: { offset: 0 },
    });
  });

  it("asks for the permission `history` of whoever the bearer token says", async () => {
    const { url } = await serve({ channels, authenticate, anonymous: {} });
    const ask = async (token: string, channel = "board:main") => {
      const headers = { authorization: `Bearer ${token}` };
      const response = await fetch(stateUrl(url, channel), { headers });
      const { code } = (await response.json()) as { code?: string };
      return [response.status, code];
    };
    expect(await ask("reader")).toEqual([200, undefined]);
    expect(await ask("writer")).toEqual([403, "forbidden"]);
    expect(await ask("reader", "price:gold")).toEqual([403, "forbidden"]);
    expect(await ask("reader", "board-of-others:x")).toEqual([403, "forbidden"]);
    expect(await ask("ended")).toEqual([401, "token_expired"]);
    expect(await ask("nobody")).toEqual([401, "unauthorized"]);
  });

  it("lets those without credentials read what anonymous connections may", async () => {
    const anonymous = { "board:*": ["history"] } as const;
    const { url } = await serve({ channels, anonymous });
    expect((await fetch(stateUrl(url, "board:main"))).status).toBe(200);
    expect((await fetch(stateUrl(url, "price:gold"))).status).toBe(403);
    const wrong = await fetch(stateUrl(url, "board:main"), { headers: { "x-api-key": "wrong" } });
    expect(wrong.status).toBe(401);
  });

  it.each([
    ["a channel no rule matches", "nothing:here", 404, "unknown_channel"],
    ["a name out of grammar", "Chat", 404, "invalid_channel"],
    ["a channel without state", "chat:a", 404, "no_state"],
  ])("answers to %s as a problem document", async (_what, channel, status, code) => {
    const { url } = await serve({ channels });
    const response = await fetch(stateUrl(url, channel), { headers: authorized });
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(await response.json()).toMatchObject({ status, code });
  });

  it("permits GET and HEAD only", async () => {
    const { url } = await serve({ channels });
    const response = await fetch(stateUrl(url, "board:main"), { method: "PUT" });
    expect([response.status, response.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });
});

describe("a state channel", () => {
  it("that was loaded first is streamed from exactly there", async () => {
    const { url, webSocketUrl, gateway } = await serve({
      channels,
      anonymous: { "board:*": ["subscribe"] },
    });
    await gateway.publish("board:main", { a: 1, b: 1 });
    const loaded = await fetch(stateUrl(url, "board:main"), { headers: authorized });
    const { position, state } = (await loaded.json()) as { position: never; state: unknown };
    await gateway.publish("board:main", { b: null, c: 1 });
    const offsets: number[] = [];
    const resumed: boolean[] = [];
    const channel = client(webSocketUrl).channel("board:main");
    const sub = await channel.subscribe({
      position,
      state,
      onPublication: ({ offset }) => void offsets.push(offset),
    });
    sub.on("subscribed", (event) => resumed.push(event.resumed));
    await gateway.publish("board:main", { d: 1 });
    await vi.waitFor(() => expect(offsets).toHaveLength(2));
    expect([offsets, sub.state]).toEqual([[2, 3], { a: 1, c: 1, d: 1 }]);
    const now = await fetch(stateUrl(url, "board:main"), { headers: authorized });
    expect(await now.json()).toMatchObject({ state: channel.state, position: sub.position });
  });

  it("of a handler is what the application committed, and what it published since", async () => {
    let committed: StateSnapshot = { snapshot: { moves: [] } };
    const { webSocketUrl, gateway } = await serve({
      channels: { "game:*": { state: { handler: () => committed } } },
      anonymous: { "game:*": ["subscribe"] },
    });
    const first = await gateway.publish("game:1", "e4");
    if (!first.ok || "ephemeral" in first) throw new Error("refused");
    const { epoch, offset, id } = first;
    committed = { snapshot: { moves: ["e4"] }, position: { epoch, offset, id } };
    await gateway.publish("game:1", "e5");
    const sub = await client(webSocketUrl)
      .channel("game:1")
      .subscribe<{ readonly moves: readonly unknown[] }>({
        reduce: ({ moves }, { data }) => ({ moves: [...moves, data] }),
        onState: () => {},
      });
    await gateway.publish("game:1", "Nf3");
    await vi.waitFor(() => expect(sub.position?.offset).toBe(3));
    expect(sub.state).toEqual({ moves: ["e4", "e5", "Nf3"] });
  });
});
