import { expect, it } from "vitest";
import { endAfterEach, open, serve } from "../kit/gateway.js";
import { RawPeer } from "../kit/raw-peer.js";

// Frozen decision 4: a publication's bytes contain nothing that depends on the recipient: no
// subscription id, no epoch. (`ref`, in binary codecs, is per channel and process as well.)

endAfterEach();

/** The lines of a peer's frames that are publications, as they came. */
const linesOf = (peer: RawPeer) =>
  peer.texts.flatMap((text) => text.split("\n")).filter((line) => line.includes('"publication"'));

/** Everything a publication may say: what its publisher said, and what the gateway stamped. */
const permitted = [
  "type",
  "channel",
  "offset",
  "id",
  "data",
  "bytes",
  "user",
  "timeMs",
  "tags",
  "meta",
];

it("4: subscribers who differ in everything get byte-identical publications, live and replayed", async () => {
  const { port, gateway } = await serve({
    authenticate: ({ token }) => ({ user: token ?? "", can: open.anonymous }),
  });
  const join = async (name: string, lines: readonly string[], command: object) => {
    const peer = await RawPeer.upgrade(port, "/ws", lines);
    peer.send({ type: "connect", token: name });
    peer.send({ type: "subscribe", channel: "chat:a", ...command });
    await peer.take("subscribed");
    return peer;
  };
  const ada = await join("ada", [], { id: 77 });
  const bob = await join("bob", ["Sec-WebSocket-Protocol: holdfast.v1.json"], {});
  const cat = await join("cat", [], { last: 100 });
  ada.send({
    type: "publish",
    channel: "chat:a",
    data: { text: "grüß dich 🦀" },
    tags: ["x"],
    meta: { traceparent: "00-1" },
    key: "k-1",
  });
  await ada.take("published");
  await gateway.publishBytes("chat:a", Uint8Array.of(1, 2, 3));
  await gateway.publish("chat:a", [1, 2.5, null]);
  const late = await join("dan", [], { last: 3 });
  const peers = [ada, bob, cat, late];
  for (const peer of peers) await peer.take("publication", 3);

  const expected = linesOf(ada);
  expect(expected).toHaveLength(3);
  for (const peer of peers) expect(linesOf(peer)).toEqual(expected);

  const [subscribed] = await ada.take("subscribed");
  const { epoch } = subscribed!.position as { epoch: string };
  for (const line of expected) {
    for (const name of Object.keys(JSON.parse(line))) expect(permitted).toContain(name);
    expect(line).not.toContain(epoch);
  }
  expect(JSON.parse(expected[0] ?? "")).toMatchObject({ user: "ada" });
});
