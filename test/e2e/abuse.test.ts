import { describe, expect, it } from "vitest";
import { endAfterEach, serve } from "./kit/gateway.js";
import { JsonClient, refusedWith } from "./kit/json-client.js";
import { clientFrame, RawPeer } from "./kit/raw-peer.js";

endAfterEach();

const TEXT = 0x81;

describe("the handshake", () => {
  it("abuse 1: a foreign Origin gets 403, a permitted one connects", async () => {
    const { webSocketUrl } = await serve({ origins: ["https://app.example"] });
    const headers = { origin: "https://evil.example", cookie: "session=valid" };
    const refused = await refusedWith(webSocketUrl, { headers });
    expect(refused.status).toBe(403);
    expect(refused.headers["content-type"]).toBe("application/problem+json");
    await JsonClient.open(webSocketUrl, { headers: { origin: "https://app.example" } });
  });

  it("abuse 2: too many headers, or too large ones, get 431", async () => {
    const { port } = await serve();
    const many = Array.from({ length: 120 }, (_, index) => `X-${index}: 1`);
    expect((await RawPeer.upgrade(port, "/ws", many)).status).toBe(431);
    const large = [`X-Large: ${"x".repeat(40_000)}`];
    expect((await RawPeer.upgrade(port, "/ws", large)).status).toBe(431);
    expect((await RawPeer.upgrade(port)).status).toBe(101);
  });

  it.each([
    ["an extension named constructor", "Sec-WebSocket-Extensions: constructor"],
    ["an endless offer", `Sec-WebSocket-Protocol: ${"a,".repeat(8_000)}b`],
    ["an offer of what nobody speaks", "Sec-WebSocket-Protocol: graphql-ws"],
    ["an offer out of grammar", "Sec-WebSocket-Protocol: holdfast.v1.json, b@d"],
    ["a second key", "Sec-WebSocket-Key: again"],
  ])("abuse 3: %s gets 400", async (_name, line) => {
    const { port } = await serve();
    expect((await RawPeer.upgrade(port, "/ws", [line])).status).toBe(400);
  });

  it("abuse 8: beyond the limit of connections it is 503 with a time to wait", async () => {
    const { webSocketUrl } = await serve({ settings: { maxConnections: 1 } });
    await JsonClient.open(webSocketUrl);
    const refused = await refusedWith(webSocketUrl);
    expect([refused.status, Number(refused.headers["retry-after"])]).toEqual([503, 5]);
  });
});

describe("frames", () => {
  it.each([
    ["9: an unmasked frame", clientFrame(TEXT, "{}", { masked: false }), 1002],
    ["9: a reserved bit", clientFrame(0xc1, "{}"), 1002],
    ["9: a reserved opcode", clientFrame(0x83, "{}"), 1002],
    ["9: a fragmented control frame", clientFrame(0x09, ""), 1002],
    ["9: a continuation of nothing", clientFrame(0x80, "{}"), 1002],
    ["10: invalid UTF-8", clientFrame(TEXT, Buffer.of(0xc3, 0x28)), 1007],
    ["10: invalid UTF-8 in a close reason", clientFrame(0x88, Buffer.of(3, 232, 0xff)), 1007],
    [
      "11: a message over the limit",
      clientFrame(TEXT, "", { length: Buffer.of(127, 0, 0, 0, 0, 0, 2, 0, 0) }),
      1009,
    ],
    [
      "11: a length of 64 bits",
      clientFrame(TEXT, "", { length: Buffer.of(127, 255, 255, 255, 255, 255, 255, 255, 255) }),
      1009,
    ],
    ["16: a close body of one byte", clientFrame(0x88, Buffer.of(3)), 1002],
  ])("abuse %s ends the connection", async (_name, frame, code) => {
    const { port, webSocketUrl } = await serve();
    const bystander = await JsonClient.open(webSocketUrl);
    const peer = await RawPeer.upgrade(port);
    peer.socket.write(frame);
    expect(await peer.closeCode()).toBe(code);
    await bystander.ask({ type: "subscribe", channel: "chat:a" }, "subscribed");
  });

  it("abuse 12: fragments without end are cut off", async () => {
    const { port } = await serve();
    const peer = await RawPeer.upgrade(port);
    peer.socket.write(clientFrame(0x01, "x"));
    const fragments = Buffer.concat(Array.from({ length: 2_000 }, () => clientFrame(0x00, "x")));
    peer.socket.write(fragments);
    expect(await peer.closeCode()).toBe(1008);
  });
});

describe("messages", () => {
  it.each([
    ["17: no JSON", "{", "bad_message", undefined],
    ["17: not an object", "[1]", "bad_message", undefined],
    [
      "17: a field of the wrong type",
      { type: "subscribe", channel: 1 },
      "invalid_field",
      "/channel",
    ],
    ["17: an unknown command", { type: "nonsense" }, "unknown_type", undefined],
    [
      "19: a channel out of grammar",
      { type: "subscribe", channel: "no channel" },
      undefined,
      "/channel",
    ],
    [
      "19: a wildcard as a channel",
      { type: "subscribe", channel: "chat:*" },
      undefined,
      "/channel",
    ],
    ["19: a forbidden channel", { type: "subscribe", channel: "secret:a" }, "forbidden", undefined],
  ])(
    "abuse %s gets an error reply, and the connection lives",
    async (_name, message, code, field) => {
      const { webSocketUrl } = await serve();
      const client = await JsonClient.open(webSocketUrl);
      client.send(message);
      const error = await client.next("error");
      if (code !== undefined) expect(error.code).toBe(code);
      if (field !== undefined) expect(error.field).toBe(field);
      expect(error).toMatchObject({ message: expect.any(String), retryable: false });
      await client.ask({ type: "subscribe", channel: "chat:a" }, "subscribed");
    },
  );

  it("abuse 17: binary on a JSON connection gets an error reply", async () => {
    const { webSocketUrl } = await serve();
    const client = await JsonClient.open(webSocketUrl);
    client.socket.send(Uint8Array.of(1, 2, 3));
    expect(await client.next("error")).toMatchObject({ code: "bad_message" });
  });

  it("abuse 17: repeated, they end the connection with advice", async () => {
    const { webSocketUrl } = await serve({ settings: { maxBadMessages: 3 } });
    const client = await JsonClient.open(webSocketUrl);
    for (let i = 0; i < 10; i++) client.send("{");
    expect(await client.closed()).toBe(4502);
    expect(client.closeReason).toBe("protocol_violation");
    expect(client.ofType("disconnect")).toEqual([
      expect.objectContaining({ code: 4502, reason: "protocol_violation", reconnect: false }),
    ]);
    expect(client.ofType("error").length).toBeGreaterThanOrEqual(2);
  });

  it("abuse 18: hostile JSON is refused or harmless, and pollutes nothing", async () => {
    const { webSocketUrl } = await serve();
    const client = await JsonClient.open(webSocketUrl);
    const publish = (data: string) =>
      client.send(`{"type":"publish","id":1,"channel":"chat:a","data":${data}}`);
    for (const depth of [33, 1_000]) {
      publish(`${"[".repeat(depth)}${"]".repeat(depth)}`);
      expect(await client.next("error")).toMatchObject({ id: 1, code: "invalid_field" });
    }
    publish('"\\ud800"');
    expect(await client.next("error")).toMatchObject({ id: 1 });
    publish("1e999");
    expect(await client.next("error")).toMatchObject({ id: 1 });
    client.send('{"type":"publish","channel":"chat:a","__proto__":{"polluted":1},"data":1}');
    await client.next("published");
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it("abuse 15: a flood of messages is answered with rate_limited, then ended", async () => {
    const { webSocketUrl } = await serve({ settings: { messagesPerSecond: 5 } });
    const client = await JsonClient.open(webSocketUrl);
    for (let i = 0; i < 500; i++) client.send({ type: "ping" });
    expect([4007, 4502]).toContain(await client.closed());
    expect(client.ofType("error")[0]).toMatchObject({ code: "rate_limited", retryable: true });
  });

  it("abuse 5: who never authenticates is closed, whatever it says", async () => {
    const { webSocketUrl } = await serve({
      authenticate: () => new Promise(() => {}),
      settings: { authTimeoutMs: 100 },
    });
    const client = await JsonClient.open(webSocketUrl);
    client.send({ type: "connect", token: "x" });
    expect([4500, 4501]).toContain(await client.closed());
  });
});
