import { connect } from "@holdfast/client";
import { msgpack } from "@holdfast/client/msgpack";
import { msgpackCodec } from "@holdfast/protocol/msgpack";
import { describe, expect, it } from "vitest";
import { CuttingProxy } from "./kit/cutting-proxy.js";
import { endAfterEach, onEnd, open, serve } from "./kit/gateway.js";
import { MsgpackClient } from "./kit/msgpack-client.js";
import { RawPeer } from "./kit/raw-peer.js";

endAfterEach();

const CHANNEL = "chat:both";

function client(url: string, options: Parameters<typeof connect>[1] = {}) {
  const made = connect(url, { backoffMinMs: 10, backoffMaxMs: 50, ...options });
  onEnd(() => made.close());
  return made;
}

/** Both clients' publications of the channel, as they come, and a way to wait for so many. */
async function watch(made: ReturnType<typeof client>) {
  const seen: unknown[] = [];
  const resets: unknown[] = [];
  const passing: unknown[] = [];
  let changed = () => {};
  await made.channel(CHANNEL).subscribe({
    onPublication: (publication) => {
      seen.push(publication);
      changed();
    },
    onEphemeral: (publication) => {
      passing.push(publication);
      changed();
    },
    onReset: (event) => void resets.push(event),
  });
  const until = async (condition: () => boolean) => {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        changed = resolve;
      });
    }
  };
  return { seen, resets, passing, until };
}

describe("a JSON client and a MessagePack client of one channel", () => {
  it("see the same: data, bytes, ephemeral publications, history, presence and the results of calls", async () => {
    const { webSocketUrl } = await serve({
      anonymous: { ...open.anonymous, "chat.echo": ["call"] },
      calls: {
        "chat.echo": { handler: (input: unknown) => input },
      },
    });
    const one = client(webSocketUrl);
    const two = client(webSocketUrl, { codec: msgpack() });
    const [json, binary] = [await watch(one), await watch(two)];
    const bytes = Uint8Array.of(0, 1, 254, 255);
    const data = { text: "grüß dich 🦀", n: -1.5, big: 2 ** 53 - 1, none: null, list: [1, true] };
    for (const each of [one, two]) {
      const channel = each.channel(CHANNEL);
      expect(await channel.publish(data, { tags: ["x"], meta: { trace: "1" } })).toMatchObject({
        ok: true,
      });
      expect(await channel.publishBytes(bytes)).toMatchObject({ ok: true });
      expect(await channel.publish(data, { ephemeral: true, key: "k" })).toMatchObject({
        ok: true,
      });
    }
    for (const each of [json, binary]) {
      await each.until(() => each.seen.length === 4 && each.passing.length === 2);
    }
    expect(binary.seen).toEqual(json.seen);
    expect(binary.passing).toEqual(json.passing);
    expect(binary.seen[1]).toMatchObject({ bytes, position: { offset: 2 } });
    const [first, second] = [
      await one.channel(CHANNEL).history(),
      await two.channel(CHANNEL).history(),
    ];
    expect(second).toEqual(first);
    await two.channel(CHANNEL).presence.enter({ name: "two" });
    await one.channel(CHANNEL).presence.enter({ name: "one" });
    expect(await two.channel(CHANNEL).presence.members()).toEqual(
      await one.channel(CHANNEL).presence.members(),
    );
    for (const each of [one, two]) {
      expect(await each.call("chat.echo", data)).toEqual({ ok: true, data });
      expect(await each.call("chat.echo", bytes)).toEqual({ ok: true, data: bytes });
    }
  });

  it("see the same through connections that are cut again and again", async () => {
    const { port, gateway } = await serve();
    const proxy = await CuttingProxy.start(port);
    onEnd(() => proxy.close());
    const url = `ws://127.0.0.1:${proxy.port}/ws`;
    for (let cut = 0; cut < 12; cut++) proxy.cutNext(200 + 37 * cut, 400 + 91 * cut);
    const [json, binary] = [
      await watch(client(url)),
      await watch(client(url, { codec: msgpack() })),
    ];
    for (let n = 1; n <= 40; n++) await gateway.publish(CHANNEL, { n, text: "x".repeat(n) });
    for (const each of [json, binary]) await each.until(() => each.seen.length === 40);
    expect(binary.seen).toEqual(json.seen);
    expect([json.resets, binary.resets]).toEqual([[], []]);
    expect(proxy.relayed.length).toBeGreaterThan(6);
  });
});

describe("a connection that negotiated MessagePack", () => {
  it("is chosen by the client's order of preference", async () => {
    const { port } = await serve();
    for (const [offer, taken] of [
      ["holdfast.v1.msgpack, holdfast.v1.json", "holdfast.v1.msgpack"],
      ["holdfast.v1.json, holdfast.v1.msgpack", "holdfast.v1.json"],
      ["holdfast.v9.cbor, holdfast.v1.msgpack", "holdfast.v1.msgpack"],
    ]) {
      const peer = await RawPeer.upgrade(port, "/ws", [`Sec-WebSocket-Protocol: ${offer}`]);
      expect(peer.head.toLowerCase()).toContain(`sec-websocket-protocol: ${taken}\r\n`);
    }
  });

  it("answers a text frame with bad_message and goes on", async () => {
    const { webSocketUrl } = await serve();
    const peer = await MsgpackClient.open(webSocketUrl);
    peer.socket.send('{"type":"ping"}');
    expect(await peer.next("error")).toMatchObject({ code: "bad_message" });
    expect(await peer.ask({ type: "ping", id: 3 }, "pong")).toEqual({ type: "pong", id: 3 });
  });

  it("gives every subscriber the same bytes, in which the channel is a number", async () => {
    const { webSocketUrl, gateway } = await serve();
    const frames: Buffer[][] = [];
    const peers = [];
    for (let n = 0; n < 3; n++) {
      const peer = await MsgpackClient.open(webSocketUrl);
      const mine: Buffer[] = [];
      frames.push(mine);
      peer.socket.on("message", (data) => mine.push(data as Buffer));
      await peer.ask({ type: "subscribe", channel: CHANNEL, id: n + 1 }, "subscribed");
      peers.push(peer);
    }
    await gateway.publish(CHANNEL, { n: 1 });
    for (const peer of peers) await peer.next("publication");
    const [first, ...others] = frames.map((each) => each.at(-1));
    for (const other of others) expect(other).toEqual(first);
    expect(first?.includes("chat:")).toBe(false);
    expect(msgpackCodec.decode(first ?? "", 1)[0]).toMatchObject({ type: "publication", ref: 1 });
  });
});
