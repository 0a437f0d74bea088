import { connect } from "@holdfast/client";
import { call } from "@holdfast/gateway";
import { downSchemas, upSchemas } from "@holdfast/protocol/schemas";
import { expect, it } from "vitest";
import { endAfterEach, onEnd, open, serve } from "../kit/gateway.js";
import { JsonClient } from "../kit/json-client.js";
import { RawPeer } from "../kit/raw-peer.js";
import { ScriptedServer } from "../kit/scripted-server.js";

// Frozen decision 5: a request's id is 1…2³²−1, unique while outstanding. Server requests have an
// id space of their own; server→client call and receipt are reserved; clients answer unknown
// requests with unsupported. Streams have no acknowledgement per message.

endAfterEach();

const anything = {
  "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) },
} as const;

it.each([1, 2, 4_294_967_295])("5: id %d is answered under itself", async (id) => {
  const { port } = await serve();
  const peer = await RawPeer.upgrade(port);
  peer.send({ type: "ping", id });
  expect(await peer.take("pong")).toEqual([{ type: "pong", id }]);
});

it.each(["0", "-1", "4294967296", "1.5", '"1"', "null", "true", "[1]", "1e400"])(
  "5: id %s is refused, with the field and what was expected, and without it in the answer",
  async (id) => {
    const { port } = await serve();
    const peer = await RawPeer.upgrade(port);
    peer.sendText(`{"type":"ping","id":${id}}`);
    const [error] = await peer.take("error");
    expect(error).toMatchObject({
      code: "invalid_field",
      field: "/id",
      message: expect.stringContaining("an integer from 1 to 4294967295"),
    });
    expect(error).not.toHaveProperty("id");
    expect(peer.messages.filter(({ type }) => type === "pong")).toEqual([]);
  },
);

it("5: an id is unique while outstanding, and free again once answered", async () => {
  let release = (): void => {};
  const { webSocketUrl } = await serve({
    calls: {
      waits: call(anything, async (input) => {
        if (input === "hold") await new Promise<void>((resolve) => (release = resolve));
        return input;
      }),
    },
    anonymous: { ...open.anonymous, waits: ["call"] },
  });
  const client = await JsonClient.open(webSocketUrl);
  client.send({ type: "call", id: 7, method: "waits", data: "hold" });
  for (const command of [
    { type: "call", id: 7, method: "waits", data: "other" },
    { type: "subscribe", id: 7, channel: "chat:a" },
    { type: "publish", id: 7, channel: "chat:a", data: 1 },
  ]) {
    const error = await client.ask(command, "error");
    expect(error).toMatchObject({ id: 7, code: "duplicate_id", field: "/id", retryable: false });
  }
  // Another id is not held up by it.
  expect(await client.ask({ type: "ping", id: 8 }, "pong")).toMatchObject({ id: 8 });
  release();
  expect(await client.next("result")).toMatchObject({ id: 7, data: "hold" });
  const again = await client.ask({ type: "call", id: 7, method: "waits", data: "b" }, "result");
  expect(again).toMatchObject({ id: 7, data: "b" });
  expect(client.ofType("published").concat(client.ofType("subscribed"))).toEqual([]);
});

it("5: ids are a connection's own: two connections may use the same one at once", async () => {
  const { port } = await serve();
  const peers = [await RawPeer.upgrade(port), await RawPeer.upgrade(port)];
  for (const peer of peers) peer.send({ type: "subscribe", id: 1, channel: "chat:a" });
  for (const peer of peers) {
    expect(await peer.take("subscribed")).toEqual([expect.objectContaining({ id: 1 })]);
  }
});

it("5: call and receipt are reserved for the server: it sends neither yet, and takes no receipt", async () => {
  expect(Object.keys(downSchemas)).not.toContain("call");
  expect(Object.keys(downSchemas)).not.toContain("receipt");
  expect(Object.keys(upSchemas)).not.toContain("receipt");
  const { port } = await serve();
  const peer = await RawPeer.upgrade(port);
  peer.send({ type: "receipt", id: 1, of: 1 });
  expect(await peer.take("error")).toEqual([
    expect.objectContaining({ id: 1, code: "unknown_type", field: "/type" }),
  ]);
});

it("5: the SDK answers a server's request it does not know with unsupported, in the server's own ids", async () => {
  const server = await ScriptedServer.start((command, say) => {
    if (command.type !== "subscribe") return;
    // The same number as the client's own request, which is not the one that is meant.
    say({ type: "call", id: command.id, method: "of.the.future", data: {} });
    say({ type: "receipt", id: 4_000_000_000 });
    say({
      type: "subscribed",
      id: command.id,
      channel: command.channel,
      resumed: false,
      position: { epoch: "e", offset: 0 },
      top: 0,
      contiguous: true,
    });
  });
  const client = connect(server.url);
  onEnd(() => client.close());
  await client.channel("chat:a").subscribe();
  const ids = server.commands.filter(({ type }) => type === "subscribe").map(({ id }) => id);
  await expect
    .poll(() => server.commands.filter(({ type }) => type === "error"))
    .toEqual([
      expect.objectContaining({ id: ids[0], code: "unsupported", retryable: false }),
      expect.objectContaining({ id: 4_000_000_000, code: "unsupported" }),
    ]);
});

it("5: nothing is acknowledged per message: a reader that says nothing gets everything", async () => {
  const { port, gateway } = await serve();
  const peer = await RawPeer.upgrade(port);
  peer.send({ type: "subscribe", channel: "chat:a" });
  await peer.take("subscribed");
  for (let n = 1; n <= 300; n++) await gateway.publish("chat:a", n);
  const received = await peer.take("publication", 300);
  expect(received.map(({ offset }) => offset)).toEqual(
    Array.from({ length: 300 }, (_, n) => n + 1),
  );
  expect(received.every((each) => !("ack" in each) && !("receipt" in each))).toBe(true);
});
