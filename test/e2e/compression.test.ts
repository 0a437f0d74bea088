import { once } from "node:events";
import { constants, deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { type ClientOptions, WebSocket } from "ws";
import { endAfterEach, onEnd, serve } from "./kit/gateway.js";
import { JsonClient } from "./kit/json-client.js";
import { clientFrame, RawPeer } from "./kit/raw-peer.js";

endAfterEach();

const CHANNEL = "chat:a";
const OFFER = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits";

/** A client that offers compression and collects what is published. */
async function subscriber(url: string, perMessageDeflate: ClientOptions["perMessageDeflate"]) {
  const socket = new WebSocket(url, { perMessageDeflate });
  const received: unknown[] = [];
  let wake = (): void => {};
  socket.on("message", (data) => {
    const message = JSON.parse(String(data));
    if (message.type === "publication") received.push(message.data);
    wake();
  });
  await once(socket, "open");
  onEnd(() => socket.terminate());
  const subscribed = once(socket, "message");
  socket.send(JSON.stringify({ type: "subscribe", channel: CHANNEL }));
  await subscribed;
  const until = async (count: number): Promise<unknown[]> => {
    while (received.length < count) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    return received;
  };
  return { socket, until };
}

describe("compression", () => {
  it("is not taken by default, whatever a client offers", async () => {
    const { port } = await serve();
    const peer = await RawPeer.upgrade(port, "/ws", [OFFER]);
    expect(peer.status).toBe(101);
    expect(peer.received.toString("latin1").toLowerCase()).not.toContain("extensions");
    // An RSV bit without the extension (RFC 6455 §5.2).
    peer.socket.write(clientFrame(0xc1, "{}"));
    expect(await peer.closeCode()).toBe(1002);
  });

  it("gives everybody the same messages in the same order, whatever was negotiated", async () => {
    const { gateway, webSocketUrl } = await serve({ compression: true });
    const clients = [
      await subscriber(webSocketUrl, true),
      await subscriber(webSocketUrl, true),
      await subscriber(webSocketUrl, { serverMaxWindowBits: 10 }),
      await subscriber(webSocketUrl, false),
    ];
    const extensions = clients.map(({ socket }) => socket.extensions.split(";")[0]);
    expect(extensions).toEqual([...Array(3).fill("permessage-deflate"), ""]);
    const sent = Array.from(
      { length: 60 },
      (_, n) => `${n} ${"é".repeat(n % 3 === 0 ? 2_000 : 3)}`,
    );
    // Small and large ones alternate, many in one write and many in their own.
    await Promise.all(sent.slice(0, 30).map((data) => gateway.publish(CHANNEL, data)));
    for (const data of sent.slice(30)) await gateway.publish(CHANNEL, data);
    for (const { until } of clients) expect(await until(sent.length)).toEqual(sent);
  });

  it("sends the same compressed bytes to all who take them, and fewer", async () => {
    const { gateway, port } = await serve({ compression: true });
    const peers = [];
    for (const offer of [[OFFER], [OFFER], []]) {
      const peer = await RawPeer.upgrade(port, "/ws", offer);
      peer.socket.write(clientFrame(0x81, JSON.stringify({ type: "subscribe", channel: CHANNEL })));
      await peer.until((text) => text.includes("subscribed"));
      peer.received = Buffer.alloc(0);
      peers.push(peer);
    }
    await gateway.publish(CHANNEL, "x".repeat(20_000));
    for (const [index, peer] of peers.entries()) {
      const bytes = index < 2 ? 50 : 20_000;
      await peer.until((text) => text.length >= bytes);
    }
    const [one, two, plain] = peers.map((peer) => peer.received);
    expect(one?.[0]).toBe(0xc1);
    expect(one?.equals(two ?? Buffer.alloc(0))).toBe(true);
    expect([plain?.[0], (one?.byteLength ?? 0) < 1_000]).toEqual([0x81, true]);
  });

  it("abuse 13: a message that grows beyond the limit is ended before it is inflated", async () => {
    const { port, webSocketUrl } = await serve({ compression: true });
    const bystander = await JsonClient.open(webSocketUrl);
    // 50 MB of zeros.
    const bomb = deflateRawSync(Buffer.alloc(50_000_000), {
      level: 9,
      finishFlush: constants.Z_SYNC_FLUSH,
    }).subarray(0, -4);
    expect(bomb.byteLength).toBeLessThan(65_536);
    const before = process.memoryUsage().arrayBuffers;
    const peer = await RawPeer.upgrade(port, "/ws", [OFFER]);
    peer.socket.write(clientFrame(0xc1, bomb));
    expect(await peer.closeCode()).toBe(1009);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
    await bystander.ask({ type: "subscribe", channel: CHANNEL }, "subscribed");
  });

  it("takes compressed messages, and ends a connection whose are broken", async () => {
    const { port, webSocketUrl } = await serve({ compression: true });
    const { until, socket } = await subscriber(webSocketUrl, { threshold: 0 });
    socket.send(JSON.stringify({ type: "publish", channel: CHANNEL, data: "y".repeat(5_000) }));
    expect(await until(1)).toEqual(["y".repeat(5_000)]);
    const peer = await RawPeer.upgrade(port, "/ws", [OFFER]);
    peer.socket.write(clientFrame(0xc1, Buffer.of(0xff, 0xff, 0xff)));
    expect([1002, 1003, 1007]).toContain(await peer.closeCode());
  });
});
