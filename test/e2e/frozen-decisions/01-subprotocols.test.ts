import { recordingLogger } from "@holdfast/core/testing";
import { expect, it } from "vitest";
import { endAfterEach, open, serve } from "../kit/gateway.js";
import { RawPeer } from "../kit/raw-peer.js";

// Frozen decision 1: subprotocols holdfast.v1.json, .msgpack, .protobuf; none means plain v1 JSON,
// for ever. An offer without a known name gets 400. holdfast.token.<jwt> may accompany one; it is
// never echoed or logged.

endAfterEach();

const offer = (port: number, names: string) =>
  RawPeer.upgrade(port, "/ws", [`Sec-WebSocket-Protocol: ${names}`]);

const echoed = (peer: RawPeer) => /^sec-websocket-protocol: (.*)$/im.exec(peer.head)?.[1];

it("1: an offer of holdfast.v1.json is taken, and echoed exactly", async () => {
  const { port } = await serve();
  const peer = await offer(port, "holdfast.v1.json");
  expect([peer.status, echoed(peer)]).toEqual([101, "holdfast.v1.json"]);
});

it("1: no offer is no subprotocol, and the connection speaks plain JSON", async () => {
  const { port } = await serve();
  const peer = await RawPeer.upgrade(port);
  expect([peer.status, echoed(peer)]).toEqual([101, undefined]);
  peer.send({ type: "subscribe", channel: "chat:a" });
  expect(await peer.take("subscribed")).toEqual([expect.objectContaining({ channel: "chat:a" })]);
});

it("1: of several names the first known one counts, and unknown ones are passed over", async () => {
  const { port } = await serve();
  for (const names of ["graphql-ws, holdfast.v1.json", "holdfast.v9.cbor, holdfast.v1.json"]) {
    const peer = await offer(port, names);
    expect([peer.status, echoed(peer)]).toEqual([101, "holdfast.v1.json"]);
  }
});

it.each(["holdfast.v1.msgpack", "holdfast.v1.protobuf"])(
  "1: %s is spoken as itself or refused, never as something else",
  async (name) => {
    const { port } = await serve();
    const alone = await offer(port, name);
    expect([101, 400]).toContain(alone.status);
    if (alone.status === 101) expect(echoed(alone)).toBe(name);
    // Where it is not served the other offer is taken.
    const served = alone.status === 101 ? name : "holdfast.v1.json";
    expect(echoed(await offer(port, `${name}, holdfast.v1.json`))).toBe(served);
  },
);

it.each([
  "graphql-ws",
  "holdfast.v2.json",
  "holdfast.v1",
  "HOLDFAST.V1.JSON",
  "json",
  "holdfast.token.e30.e30.c2ln",
])("1: the offer of %s alone gets 400, and no WebSocket", async (name) => {
  const { port } = await serve();
  const peer = await offer(port, name);
  await peer.until(() => false);
  expect(peer.status).toBe(400);
  expect(peer.head).not.toMatch(/sec-websocket-accept/i);
  expect(peer.received.toString()).toContain("Known: holdfast.v1.json");
  expect(peer.received.toString()).not.toContain("e30");
});

it("1: a token may accompany a name in any place; it authenticates and is not echoed", async () => {
  const seen: unknown[] = [];
  const { port } = await serve({
    authenticate: ({ token, headers }) => {
      seen.push(token, headers?.["sec-websocket-protocol"]);
      return { user: "ada", can: open.anonymous };
    },
  });
  for (const names of [
    "holdfast.v1.json, holdfast.token.secret.of.ada",
    "holdfast.token.secret.of.ada, holdfast.v1.json",
  ]) {
    const peer = await offer(port, names);
    expect([peer.status, echoed(peer)]).toEqual([101, "holdfast.v1.json"]);
    peer.send({ type: "connect" });
    expect(await peer.take("connected")).toEqual([expect.objectContaining({ user: "ada" })]);
    expect(peer.received.toString()).not.toContain("secret.of.ada");
  }
  // The handler gets it as `token` and nowhere else.
  expect(seen).toEqual(["secret.of.ada", undefined, "secret.of.ada", undefined]);
});

it("1: the token is in no line of the log, whatever becomes of the handshake", async () => {
  const logger = recordingLogger();
  const { port } = await serve({
    logger,
    authenticate: ({ token }) => {
      if (token === "secret.good") return { user: "ada", can: open.anonymous };
      if (token === "secret.bad") return null;
      throw new Error("the directory is away");
    },
  });
  for (const token of ["secret.good", "secret.bad", "secret.throws"]) {
    const peer = await offer(port, `holdfast.v1.json, holdfast.token.${token}`);
    peer.send({ type: "connect" });
    await peer.until(() => peer.messages.length > 0);
    // A command in error, so that the connection is spoken of.
    peer.send({ type: "nonsense" });
    peer.socket.end();
    await peer.closeCode();
  }
  const refused = [
    "holdfast.token.secret.alone",
    "holdfast.v1.json, holdfast.token.secret.a, holdfast.token.secret.b",
    "b@d, holdfast.token.secret.malformed",
  ];
  for (const names of refused) expect((await offer(port, names)).status).toBe(400);
  const foreign = await RawPeer.upgrade(port, "/ws", [
    "Origin: https://evil.example",
    "Sec-WebSocket-Protocol: holdfast.v1.json, holdfast.token.secret.foreign",
  ]);
  expect(foreign.status).toBe(403);
  expect(logger.lines.length).toBeGreaterThanOrEqual(5);
  expect(JSON.stringify(logger.lines)).not.toContain("secret");
});
