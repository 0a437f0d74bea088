import { createFaultyMemoryBroker } from "@holdfast/broker/testing";
import { systemClock, systemRandom } from "@holdfast/client/internal/node";
import { expect, it } from "vitest";
import { endAfterEach, onEnd, serve } from "../kit/gateway.js";
import type { Message } from "../kit/json-client.js";
import { RawPeer } from "../kit/raw-peer.js";

// Frozen decision 3: fixed shapes of subscribe, subscribed, publication, publish, published, reset
// and error. `position` is where the following publications start, `top` is where replay ends; a
// position is given back whole.

endAfterEach();

const plain = async (port: number, command: unknown, answer: string) => {
  const peer = await RawPeer.upgrade(port);
  peer.send(command);
  const [message] = await peer.take(answer);
  return { peer, message: message ?? { type: "none" } };
};

it("3: subscribe works without an id, and subscribed has the fields the decision names", async () => {
  const { port } = await serve();
  const { message } = await plain(port, { type: "subscribe", channel: "chat:lobby" }, "subscribed");
  expect(message).toEqual({
    type: "subscribed",
    channel: "chat:lobby",
    resumed: false,
    position: { epoch: expect.any(String), offset: 0 },
    top: 0,
    contiguous: true,
  });
});

it("3: position is where the publications that follow start, and top is where the replay ends", async () => {
  const { port, gateway } = await serve();
  for (let n = 1; n <= 5; n++) await gateway.publish("chat:lobby", n);
  const command = { type: "subscribe", channel: "chat:lobby", last: 3 };
  const { peer, message } = await plain(port, command, "subscribed");
  expect(message).toMatchObject({ position: { offset: 2 }, top: 5 });
  await gateway.publish("chat:lobby", 6);
  const received = await peer.take("publication", 4);
  expect(received.map(({ offset, data }) => [offset, data])).toEqual([
    [3, 3],
    [4, 4],
    [5, 5],
    [6, 6],
  ]);
});

it("3: a position given back whole, with fields nobody knows, is resumed exactly after", async () => {
  const { port, gateway } = await serve();
  const first = await plain(port, { type: "subscribe", channel: "chat:lobby" }, "subscribed");
  await gateway.publish("chat:lobby", "one");
  const [publication] = await first.peer.take("publication");
  first.peer.socket.destroy();
  await gateway.publish("chat:lobby", "two");
  const position = {
    ...(first.message.position as object),
    offset: publication?.offset,
    id: publication?.id,
    ofTheFuture: { any: ["thing"] },
  };
  const command = { type: "subscribe", channel: "chat:lobby", position };
  const { peer, message } = await plain(port, command, "subscribed");
  expect(message).toMatchObject({ resumed: true, position: { offset: 1 }, top: 2 });
  expect(message).not.toHaveProperty("reason");
  const [next] = await peer.take("publication");
  expect(next).toMatchObject({ offset: 2, data: "two" });
});

it("3: publish is answered by published, and reaches subscribers as a publication", async () => {
  const { port } = await serve();
  const { peer } = await plain(port, { type: "subscribe", channel: "chat:lobby" }, "subscribed");
  peer.send({ type: "publish", channel: "chat:lobby", data: { text: "hi" } });
  const [published] = await peer.take("published");
  expect(published).toEqual({
    type: "published",
    channel: "chat:lobby",
    offset: 1,
    epoch: expect.any(String),
  });
  const [publication] = await peer.take("publication");
  expect(publication).toEqual({
    type: "publication",
    channel: "chat:lobby",
    offset: 1,
    id: expect.any(String),
    data: { text: "hi" },
    timeMs: expect.any(Number),
  });
});

it("3: reset announces a new epoch on a live subscription, with its reason and position", async () => {
  const broker = createFaultyMemoryBroker({ clock: systemClock, random: systemRandom });
  onEnd(() => broker.close());
  const { port, gateway } = await serve({ broker });
  const { peer, message } = await plain(
    port,
    { type: "subscribe", channel: "chat:lobby" },
    "subscribed",
  );
  await gateway.publish("chat:lobby", "before");
  await peer.take("publication");
  broker.restart();
  const [reset] = await peer.take("reset");
  expect(reset).toMatchObject({
    type: "reset",
    channel: "chat:lobby",
    reason: expect.stringMatching(/^(epoch_changed|state_lost)$/),
    position: { epoch: expect.any(String), offset: 0 },
  });
  const epochOf = (each: Message) => (each.position as { epoch: string }).epoch;
  expect(epochOf(reset!)).not.toBe(epochOf(message));
  await gateway.publish("chat:lobby", "after");
  const [, after] = await peer.take("publication", 2);
  expect(after).toMatchObject({ offset: 1, data: "after" });
});

it("3: error has code, message and retryable, and the request's id where it had one", async () => {
  const { port } = await serve();
  const command = { type: "subscribe", channel: "secret:a" };
  const { peer, message } = await plain(port, command, "error");
  expect(message).toMatchObject({
    type: "error",
    code: "forbidden",
    message: expect.stringMatching(/^\S.*\S$/),
    retryable: false,
  });
  expect(message).not.toHaveProperty("id");
  peer.send({ ...command, id: 9 });
  const [, withId] = await peer.take("error", 2);
  expect(withId).toMatchObject({ id: 9, code: "forbidden", retryable: false });
});
