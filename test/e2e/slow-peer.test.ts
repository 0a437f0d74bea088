import { expect, it, vi } from "vitest";
import { endAfterEach, serve } from "./kit/gateway.js";
import { JsonClient } from "./kit/json-client.js";
import { clientFrame, RawPeer } from "./kit/raw-peer.js";

endAfterEach();

const SUBSCRIBE = JSON.stringify({ type: "subscribe", channel: "chat:a" });

it("abuse 21: a reader that stops reading is closed, others are not affected, and it resumes whole", async () => {
  const history = { maxCount: 10_000, maxBytes: 200_000_000, maxAgeMs: 60_000 };
  const { webSocketUrl, gateway } = await serve({ channels: { "chat:*": { history } } });
  const bystander = await JsonClient.open(webSocketUrl);
  await bystander.ask(SUBSCRIBE, "subscribed");
  const slow = await JsonClient.open(webSocketUrl);
  const { position } = await slow.ask(SUBSCRIBE, "subscribed");
  slow.socket.pause();
  const data = "x".repeat(50_000);
  let published = 0;
  // The system's socket buffers take several megabytes before anything waits here.
  while (published < 400) {
    published += 1;
    await gateway.publish("chat:a", data);
    await bystander.until(() => bystander.ofType("publication").length === published);
  }
  // Its close frame is not read either: the transport waits for that, then destroys the socket.
  await vi.waitFor(() => expect(gateway.connectionCount).toBe(1), { timeout: 20_000 });
  const all = Array.from({ length: published }, (_, index) => index + 1);
  expect(bystander.ofType("publication").map((each) => each.offset)).toEqual(all);
  slow.socket.terminate();
  const again = await JsonClient.open(webSocketUrl);
  const answer = await again.ask({ ...JSON.parse(SUBSCRIBE), position }, "subscribed");
  expect(answer).toMatchObject({ resumed: true });
  await again.until(() => again.ofType("publication").length === published);
  expect(again.ofType("publication").map((each) => each.offset)).toEqual(all);
}, 60_000);

it("abuse 28: a peer that answers no ping is terminated within the heartbeat's bound", async () => {
  const { port } = await serve({ settings: { pingIntervalMs: 1_000, pongTimeoutMs: 500 } });
  const peer = await RawPeer.upgrade(port);
  peer.socket.write(clientFrame(0x81, SUBSCRIBE));
  await peer.until((received) => received.includes("subscribed"));
  const begunMs = performance.now();
  await peer.closeCode();
  expect(performance.now() - begunMs).toBeLessThan(4_000);
});

it("a client of the protocol is pinged in both ways with the same bytes, one that compresses too", async () => {
  const { port } = await serve({ settings: { pingIntervalMs: 1_000 }, compression: true });
  for (const more of [[], ["Sec-WebSocket-Extensions: permessage-deflate"]]) {
    const peer = await RawPeer.upgrade(port, "/ws", [
      "Sec-WebSocket-Protocol: holdfast.v1.json",
      ...more,
    ]);
    peer.send({ type: "connect" });
    await peer.take("ping");
    const pings = peer.frames.filter(({ opcode }) => opcode === 9);
    expect(pings.map(({ payload }) => payload.length)).toEqual([0]);
    peer.sendText('{"type":"pong"}');
    expect(peer.received.toString("latin1")).toContain('\u0089\u0000\u0081\u000f{"type":"ping"}');
  }
});
