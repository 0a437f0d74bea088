import { once } from "node:events";
import { call } from "@holdfast/gateway";
import { describe, expect, it } from "vitest";
import { endAfterEach, open, SESSION_SECRET, serve } from "./kit/gateway.js";
import { JsonClient, refusedWith } from "./kit/json-client.js";
import { clientFrame, RawPeer } from "./kit/raw-peer.js";

endAfterEach();

const TEXT = 0x81;
const anything = {
  "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) },
} as const;
const json = (value: unknown) => JSON.stringify(value);

describe("connections", () => {
  it("abuse 6: a flood before authentication ends with rate_limited, and the gateway serves on", async () => {
    const { webSocketUrl, gateway } = await serve({
      authenticate: () => new Promise(() => {}),
      settings: { maxEarlyMessages: 20 },
    });
    const client = await JsonClient.open(webSocketUrl);
    for (let i = 0; i < 100; i++) client.send({ type: "subscribe", channel: `chat:${i}` });
    expect(await client.closed()).toBe(4007);
    expect(client.ofType("subscribed")).toEqual([]);
    expect(gateway.ready).toBe(true);
  });

  it("abuse 7: an upgrade request that never ends gets 408 and is cut off", async () => {
    const { port, webSocketUrl } = await serve();
    const peer = new RawPeer(port);
    await once(peer.socket, "connect");
    peer.socket.write("GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgr");
    await peer.until(() => false);
    expect(peer.status).toBe(408);
    await JsonClient.open(webSocketUrl);
  }, 30_000);

  it("abuse 8: one user's connections beyond the limit are told when to come back", async () => {
    const { webSocketUrl } = await serve({
      authenticate: ({ token }) => ({ user: token ?? "", can: open.anonymous }),
      settings: { maxConnectionsPerUser: 2 },
    });
    const connect = async (token: string, session?: string) => {
      const client = await JsonClient.open(webSocketUrl);
      client.send({ type: "connect", token, ...(session === undefined ? {} : { session }) });
      return client;
    };
    const first = await connect("ada", SESSION_SECRET);
    await first.next("connected");
    const second = await connect("ada");
    await second.next("connected");
    const third = await connect("ada");
    expect(await third.closed()).toBe(4005);
    expect(third.ofType("disconnect")[0]).toMatchObject({ reconnect: true, retryAfterMs: 5_000 });
    await (await connect("bob")).next("connected");
    // The same client session again takes its own place.
    await (await connect("ada", SESSION_SECRET)).next("connected");
    expect(await first.closed()).toBe(4503);
  });

  it("abuse 8: connections from one address beyond the limit are told when to come back", async () => {
    const { webSocketUrl } = await serve({ settings: { maxConnectionsPerAddress: 1 } });
    const first = await JsonClient.open(webSocketUrl);
    const second = await JsonClient.open(webSocketUrl);
    expect(await second.closed()).toBe(4005);
    first.socket.terminate();
    await expect
      .poll(async () => {
        const again = await JsonClient.open(webSocketUrl);
        again.send({ type: "ping" });
        return again.next("pong").then(
          () => true,
          () => false,
        );
      })
      .toBe(true);
  });

  it("abuse 29: more connections a second than permitted get 503 with a time to wait", async () => {
    const { webSocketUrl } = await serve({ settings: { acceptsPerSecond: 1 } });
    await JsonClient.open(webSocketUrl);
    const refused = await refusedWith(webSocketUrl);
    expect([refused.status, Number(refused.headers["retry-after"])]).toEqual([503, 1]);
  });
});

describe("traffic", () => {
  it("abuse 13: compression is not taken on, so a compressed frame ends the connection", async () => {
    const { port } = await serve();
    const offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits";
    const peer = await RawPeer.upgrade(port, "/ws", [offer]);
    expect(peer.status).toBe(101);
    expect(peer.received.toString("latin1").toLowerCase()).not.toContain("permessage-deflate");
    peer.socket.write(clientFrame(0xc1, Buffer.alloc(1000)));
    expect(await peer.closeCode()).toBe(1002);
  });

  it("abuse 15: a flood of pings is ended", async () => {
    const { port, webSocketUrl, gateway } = await serve();
    const bystander = await JsonClient.open(webSocketUrl);
    const peer = await RawPeer.upgrade(port);
    peer.socket.write(Buffer.concat(Array.from({ length: 1_000 }, () => clientFrame(0x89, "x"))));
    // What the flood has sent beyond the close may reset the connection before the code is read.
    expect([4007, 1008, undefined]).toContain(await peer.closeCode());
    await bystander.ask({ type: "subscribe", channel: "chat:a" }, "subscribed");
    expect(gateway.connectionCount).toBe(1);
  });

  it("abuse 15: a flood of bytes is ended though the messages are few", async () => {
    const { webSocketUrl } = await serve({
      // As many messages as come may come: their bytes are what is too much.
      settings: { messagesPerSecond: 30, bytesPerSecond: 65_536 },
    });
    const client = await JsonClient.open(webSocketUrl);
    const data = "x".repeat(60_000);
    for (let i = 0; i < 40; i++) client.send({ type: "publish", channel: "chat:a", data });
    expect(await client.closed()).toBe(4007);
  });

  it("abuse 20: a handler that throws, hangs or answers nonsense fails its own request only", async () => {
    const { webSocketUrl } = await serve({
      settings: { callTimeoutMs: 50 },
      calls: {
        throws: call(anything, () => {
          throw new Error("a secret of the database");
        }),
        hangs: call(anything, () => new Promise(() => {})),
        nonsense: call(anything, () => ({ value: 10n })),
        works: call(anything, () => "fine"),
      },
      anonymous: { "*": ["call"] },
    });
    const client = await JsonClient.open(webSocketUrl);
    const methods = ["throws", "hangs", "nonsense", "works"];
    for (const [id, method] of methods.entries()) {
      client.send({ type: "call", id: id + 1, method, data: 1 });
    }
    await client.until(() => client.ofType("error").length + client.ofType("result").length === 4);
    const codes = new Map(client.ofType("error").map((each) => [each.id, each.code]));
    expect(Object.fromEntries(codes)).toEqual({ 1: "call_failed", 2: "timeout", 3: "call_failed" });
    expect(client.ofType("result")).toEqual([expect.objectContaining({ id: 4, data: "fine" })]);
    expect(json(client.messages)).not.toContain("secret");
  });
});

describe("permissions", () => {
  it("abuse 14: a token's end is announced, then closes the connection; a fresh one keeps it", async () => {
    const { webSocketUrl } = await serve({
      authenticate: ({ token }) => ({
        user: "ada",
        can: open.anonymous,
        expiresAtMs: Date.now() + Number(token),
      }),
    });
    const client = await JsonClient.open(webSocketUrl);
    await client.ask({ type: "connect", token: "400" }, "connected");
    const kept = await JsonClient.open(webSocketUrl);
    await kept.ask({ type: "connect", token: "400" }, "connected");
    await kept.next("expiring");
    await kept.ask({ type: "refresh", token: "60000" }, "refreshed");
    await client.next("expiring");
    expect(await client.closed()).toBe(4006);
    await kept.ask({ type: "subscribe", channel: "chat:a" }, "subscribed");
  });

  it("abuse 14: a permission withdrawn while connected ends the subscription", async () => {
    let allowed = true;
    const { webSocketUrl, gateway } = await serve({
      authenticate: () => ({ user: "ada" }),
      authorize: () => allowed,
      // Nobody is asked again at a beat: what ends the subscription is the word.
      settings: { authorizeRecheckMs: 0 },
    });
    const client = await JsonClient.open(webSocketUrl);
    client.send({ type: "connect", token: "t" });
    await client.ask({ type: "subscribe", channel: "chat:a" }, "subscribed");
    allowed = false;
    gateway.recheck({ user: "ada" });
    expect(await client.next("unsubscribed")).toMatchObject({ code: "forbidden" });
    await gateway.publish("chat:a", 1);
    const error = await client.ask({ type: "subscribe", channel: "chat:a" }, "error");
    expect(error).toMatchObject({ code: "forbidden" });
    expect(client.ofType("publication")).toEqual([]);
  });

  it("abuse 19: repeated attempts on forbidden channels end the connection", async () => {
    const { webSocketUrl } = await serve({ settings: { maxBadMessages: 3 } });
    const client = await JsonClient.open(webSocketUrl);
    for (let i = 0; i < 10; i++) client.send({ type: "subscribe", channel: `secret:${i}` });
    expect(await client.closed()).toBe(4502);
  });
});

it("abuse 23: a resume before any message was ever received gives everything since the subscribe", async () => {
  const { webSocketUrl, gateway } = await serve();
  const first = await JsonClient.open(webSocketUrl);
  const { position } = await first.ask({ type: "subscribe", channel: "chat:a" }, "subscribed");
  first.socket.terminate();
  for (let i = 1; i <= 3; i++) await gateway.publish("chat:a", i);
  const second = await JsonClient.open(webSocketUrl);
  await second.ask({ type: "subscribe", channel: "chat:a", position }, "subscribed");
  await second.until(() => second.ofType("publication").length === 3);
  expect(second.ofType("publication").map((each) => each.data)).toEqual([1, 2, 3]);
});

it("a frame of several commands answers each for itself, in order (plain connections: one text a frame)", async () => {
  const { port } = await serve();
  const peer = await RawPeer.upgrade(port);
  const commands = [
    { type: "ping", id: 1 },
    { type: "nonsense", id: 2 },
    { type: "ping", id: 3 },
  ];
  peer.socket.write(clientFrame(TEXT, commands.map(json).join("\n")));
  await peer.until((received) => received.includes('"id":3'));
  const text = peer.received.toString("latin1");
  expect(text.indexOf('"id":1')).toBeLessThan(text.indexOf('"id":2'));
  expect(text.indexOf('"id":2')).toBeLessThan(text.indexOf('"id":3'));
  expect(text.slice(text.indexOf("\r\n\r\n") + 4)).not.toContain("\n");
  peer.socket.destroy();
});
