import type { Codec, UpMessage } from "@holdfast/protocol";
import { jsonCodec } from "@holdfast/protocol/json";
import { msgpackCodec } from "@holdfast/protocol/msgpack";
import { describe, expect, it, vi } from "vitest";
import { type FakeTransport, type TestGateway, testGateway } from "../testing/harness.js";

const CHANNEL = "chat:lobby";
const codecs: readonly Codec[] = [jsonCodec, msgpackCodec];

const subscribed = async (
  gateway: TestGateway,
  codec: Codec,
  fields: object = {},
): Promise<FakeTransport> => {
  const peer = await gateway.open({}, codec);
  peer.send({ type: "subscribe", channel: CHANNEL, ...fields });
  await gateway.settle();
  return peer;
};

const tell = (peer: FakeTransport, command: UpMessage): void => {
  const payload = peer.codec.encode(command);
  if (typeof payload === "string") peer.sendText(payload);
  else peer.sendBytes(payload);
};

const bytesOf = (command: UpMessage): Uint8Array => msgpackCodec.encode(command) as Uint8Array;

describe("connections of different codecs on one channel", () => {
  it("are sent the same messages, live and replayed, `ref` apart", async () => {
    const gateway = await testGateway();
    const early = [await subscribed(gateway, jsonCodec), await subscribed(gateway, msgpackCodec)];
    for (const [index, peer] of early.entries()) {
      peer.send({ type: "publish", channel: CHANNEL, data: { text: `grüß dich ${index}` } });
      tell(peer, { type: "publish", channel: CHANNEL, bytes: new Uint8Array([index, 255]) });
      peer.send({ type: "publish", channel: CHANNEL, data: [1, null], ephemeral: true });
      peer.send({ type: "presence_enter", channel: CHANNEL, data: { name: "x" } });
    }
    await gateway.settle();
    const late = [
      await subscribed(gateway, jsonCodec, { last: 10 }),
      await subscribed(gateway, msgpackCodec, { last: 10 }),
    ];
    for (const peer of late) peer.send({ type: "history", channel: CHANNEL });
    await gateway.settle();
    const [json, msgpack] = early;
    expect(json?.of("publication")).toHaveLength(4);
    expect(json?.of("ephemeral")).toHaveLength(2);
    for (const type of ["publication", "ephemeral"] as const) {
      expect(msgpack?.of(type)).toEqual(json?.of(type));
    }
    for (const type of ["publication", "history"] as const) {
      expect(late[1]?.of(type)).toEqual(late[0]?.of(type));
    }
    expect(late[0]?.of("publication")).toEqual(json?.of("publication"));
    const { ref, ...rest } = late[1]!.last("subscribed");
    expect(rest).toEqual(late[0]?.last("subscribed"));
    expect(ref).toBeGreaterThan(0);
  });

  it("share one encoding of a publication for each codec, and its bytes", async () => {
    const gateway = await testGateway();
    const peers = [];
    for (let n = 0; n < 6; n++) peers.push(await subscribed(gateway, codecs[n % 2]!));
    const spies = codecs.map((codec) => vi.spyOn(codec, "encode"));
    await gateway.core.publish(CHANNEL, { data: { n: 1 } });
    await gateway.settle();
    const pushed = spies.map(
      (spy) => spy.mock.calls.filter(([message]) => message.type === "publication").length,
    );
    for (const spy of spies) spy.mockRestore();
    expect(pushed).toEqual([1, 1]);
    const payloads = peers.map((peer) => peer.payloads.at(-1));
    expect(new Set(payloads).size).toBe(2);
    expect(payloads[1]).toBe(payloads[5]);
    expect(Buffer.from(payloads[1] as Uint8Array).includes(CHANNEL)).toBe(false);
  });

  it("get a channel's state alike, each under its own number", async () => {
    const gateway = await testGateway({
      channels: { "chat:*": { history: {}, state: "merge" } },
    });
    const publishing = gateway.core.publish(CHANNEL, { data: { title: "Tea room", open: true } });
    await gateway.clock.advanceAsync(100);
    await publishing;
    const peers = codecs.map((codec) => gateway.connect({}, true, codec));
    for (const [index, peer] of peers.entries()) {
      peer.send({ type: "subscribe", id: 300 + index, channel: CHANNEL });
    }
    await gateway.clock.advanceAsync(100);
    const [json, msgpack] = peers.map((peer) => peer.last("subscribed"));
    expect(json).toMatchObject({ id: 300, state: { title: "Tea room", open: true } });
    expect(msgpack).toEqual({ ...json, id: 301, ref: msgpack?.ref });
    expect(msgpack?.ref).toBeGreaterThan(0);
  });
});

describe("a channel's number", () => {
  it("is the same for everybody, and another one for every channel", async () => {
    const gateway = await testGateway();
    const [one, two] = [
      await subscribed(gateway, msgpackCodec),
      await subscribed(gateway, msgpackCodec),
    ];
    const ref = one.last("subscribed").ref;
    expect(two.last("subscribed").ref).toBe(ref);
    two.send({ type: "subscribe", channel: "chat:other" });
    await gateway.settle();
    expect(two.last("subscribed").ref).not.toBe(ref);
  });

  it("is no other channel's while a connection may hold it", async () => {
    const gateway = await testGateway({ settings: { unfollowDelayMs: 100 } });
    const peer = await subscribed(gateway, msgpackCodec);
    const refs = new Set([peer.last("subscribed").ref]);
    for (let n = 0; n < 20; n++) {
      peer.send({ type: "subscribe", channel: `chat:c${n}` });
      await gateway.settle();
      refs.add(peer.last("subscribed").ref);
      peer.send({ type: "unsubscribe", channel: `chat:c${n}` });
      await gateway.clock.advanceAsync(200);
    }
    expect(refs.size).toBe(21);
    await gateway.core.publish(CHANNEL, { data: "still here" });
    await gateway.settle();
    expect(peer.last("publication")).toMatchObject({ channel: CHANNEL, data: "still here" });
  });
});

describe("frames of a MessagePack connection", () => {
  it("may hold several commands, which run in order and fail separately", async () => {
    const gateway = await testGateway();
    const peer = await gateway.open({}, msgpackCodec);
    peer.sendBytes(
      Buffer.concat([
        bytesOf({ type: "publish", id: 1, channel: CHANNEL, data: "first" }),
        Uint8Array.of(1, 0xc1),
        bytesOf({ type: "publish", id: 2, channel: "nowhere", data: 1 }),
        bytesOf({ type: "publish", id: 3, channel: CHANNEL, data: "second" }),
      ]),
    );
    await gateway.settle();
    expect(peer.of("published").map(({ id, offset }) => [id, offset])).toEqual([
      [1, 1],
      [3, 2],
    ]);
    expect(peer.of("error").map(({ id, code }) => [id, code])).toEqual([
      [undefined, "bad_message"],
      [2, "invalid_channel"],
    ]);
  });

  it("are binary: text is answered with bad_message, and the connection lives unless it repeats", async () => {
    const gateway = await testGateway();
    const peer = await gateway.open({}, msgpackCodec);
    peer.sendText('{"type":"ping"}');
    await gateway.settle();
    expect(peer.last("error")).toMatchObject({
      code: "bad_message",
      message: "expected a binary frame",
    });
    expect(peer.closedWith).toBeUndefined();
    for (let n = 0; n < 1_000 && peer.closedWith === undefined; n++) peer.sendText("x");
    expect(peer.closedWith?.code).toBe(4502);
  });

  it("keep the limits that JSON has", async () => {
    const gateway = await testGateway({
      settings: { maxMessageBytes: 200, maxMessagesPerFrame: 3, messagesPerSecond: 10 },
    });
    const peer = await gateway.open({}, msgpackCodec);
    peer.sendBytes(bytesOf({ type: "publish", channel: CHANNEL, data: "x".repeat(200) }));
    peer.sendBytes(Buffer.concat(Array.from({ length: 4 }, () => bytesOf({ type: "ping" }))));
    await gateway.settle();
    expect(peer.of("error").map(({ code }) => code)).toEqual(["too_large", "bad_message"]);
    expect(peer.of("pong")).toHaveLength(3);
    peer.take();
    await gateway.clock.advanceAsync(5_000);
    for (let n = 1; n <= 40; n++) peer.sendBytes(bytesOf({ type: "ping", id: n }));
    await gateway.settle();
    expect(peer.of("error").map(({ code }) => code)).toContain("rate_limited");
  });
});
