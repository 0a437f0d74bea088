import { expect, it } from "vitest";
import { endAfterEach, serve } from "../kit/gateway.js";
import { JsonClient, type Message } from "../kit/json-client.js";
import { RawPeer } from "../kit/raw-peer.js";

// Frozen decision 2: a plain connection receives exactly one JSON text per frame and never an
// application ping that must be answered. Negotiated connections may batch several messages in a
// frame: JSON lines. Commands of a frame run in order and fail separately.

endAfterEach();

const negotiate = (port: number) =>
  RawPeer.upgrade(port, "/ws", ["Sec-WebSocket-Protocol: holdfast.v1.json"]);

const subscribe = async (peer: RawPeer, more: object = {}) => {
  peer.send({ type: "subscribe", channel: "chat:a", ...more });
  await peer.take("subscribed");
};

const publications = 50;

it("2: a plain connection gets one JSON text per frame, however many publications wait", async () => {
  const { port, gateway } = await serve();
  const live = await RawPeer.upgrade(port);
  await subscribe(live);
  // None waits for another, so they all wait for the same write.
  await Promise.all(
    Array.from({ length: publications }, (_, n) => gateway.publish("chat:a", { n, text: "a\nb" })),
  );
  const late = await RawPeer.upgrade(port);
  await subscribe(late, { last: publications });
  for (const peer of [live, late]) {
    await peer.take("publication", publications);
    const parsed: Message[] = peer.texts.map((text) => JSON.parse(text));
    const offsets = parsed.filter(({ type }) => type === "publication").map((each) => each.offset);
    expect(offsets).toEqual(Array.from({ length: publications }, (_, n) => n + 1));
  }
});

it("2: a negotiated connection gets JSON lines, as many in a frame as there may be", async () => {
  const { port, gateway } = await serve();
  const peer = await negotiate(port);
  await subscribe(peer);
  await Promise.all(
    Array.from({ length: publications }, (_, n) => gateway.publish("chat:a", { n, text: "a\nb" })),
  );
  const received = await peer.take("publication", publications);
  expect(received.map(({ offset }) => offset)).toEqual(
    Array.from({ length: publications }, (_, n) => n + 1),
  );
  // It may batch and need not; whatever it does, each line is a whole message.
  for (const line of peer.texts.flatMap((text) => text.split("\n"))) {
    expect(JSON.parse(line)).toHaveProperty("type");
  }
});

it("2: every data frame is a whole text frame, on both kinds of connection", async () => {
  const { port, gateway } = await serve();
  for (const peer of [await RawPeer.upgrade(port), await negotiate(port)]) {
    await subscribe(peer);
    await gateway.publishBytes("chat:a", Uint8Array.of(0, 255));
    await peer.take("publication");
    expect(peer.frames.length).toBeGreaterThanOrEqual(3);
    expect(peer.frames.every(({ fin, opcode }) => fin && opcode === 1)).toBe(true);
  }
});

it("2: a plain connection gets no application ping, where a negotiated one gets several", async () => {
  const settings = { pingIntervalMs: 1_000, pongTimeoutMs: 1_000 };
  const { port, webSocketUrl } = await serve({ settings });
  const plain = await JsonClient.open(webSocketUrl);
  let protocolPings = 0;
  plain.socket.on("ping", () => protocolPings++);
  expect(await plain.ask({ type: "connect" }, "connected")).toMatchObject({ pingIntervalMs: 0 });
  const negotiated = await negotiate(port);
  negotiated.send({ type: "connect" });
  for (let pings = 1; pings <= 3; pings++) {
    await negotiated.take("ping", pings);
    negotiated.send({ type: "pong" });
  }
  // The plain one was asked as often by RFC 6455 pings, which its library answers.
  expect(protocolPings).toBeGreaterThanOrEqual(1);
  expect(plain.closeCode).toBeUndefined();
  expect(plain.messages.map(({ type }) => type)).toEqual(["connected"]);
});

const batch = [
  '{"type":"publish","id":1,"channel":"chat:a","data":"first"}',
  '{"type":"nonsense","id":2}',
  "{ no JSON",
  "",
  '{"type":"subscribe","id":3,"channel":"chat:a","last":10}',
  '{"type":"publish","id":4,"channel":"Out of grammar","data":1}',
  '{"type":"publish","id":5,"channel":"chat:a","data":"second"}',
].join("\n");

it.each([
  ["plain", []],
  ["negotiated", ["Sec-WebSocket-Protocol: holdfast.v1.json"]],
])("2: commands of a frame run in order and fail separately (%s)", async (_name, lines) => {
  const { port } = await serve();
  const peer = await RawPeer.upgrade(port, "/ws", lines);
  peer.sendText(batch);
  await peer.until(() => peer.messages.filter(({ type }) => type === "publication").length === 2);
  const { messages } = peer;
  const about = (id: number) => messages.filter((message) => message.id === id);
  expect(about(1)).toEqual([expect.objectContaining({ type: "published", offset: 1 })]);
  expect(about(2)).toEqual([expect.objectContaining({ type: "error", code: "unknown_type" })]);
  expect(about(3)).toEqual([
    // The publish before it had been carried out, the one after it had not.
    expect.objectContaining({ type: "subscribed", top: 1, resumed: false }),
  ]);
  expect(about(4)).toEqual([expect.objectContaining({ type: "error", code: "invalid_channel" })]);
  expect(about(5)).toEqual([expect.objectContaining({ type: "published", offset: 2 })]);
  const malformed = messages.filter(({ code }) => code === "bad_message");
  expect(malformed).toEqual([expect.not.objectContaining({ id: expect.anything() })]);
  // The blank line counted for nothing.
  expect(messages.filter(({ type }) => type === "error")).toHaveLength(3);
  const data = messages.filter(({ type }) => type === "publication").map((each) => each.data);
  expect(data).toEqual(["first", "second"]);
});

it("2: a frame that is one JSON text over several lines is one command", async () => {
  const { port } = await serve();
  const peer = await RawPeer.upgrade(port);
  peer.sendText('{\n  "type": "ping",\n  "id": 7\n}');
  expect(await peer.take("pong")).toEqual([{ type: "pong", id: 7 }]);
});
