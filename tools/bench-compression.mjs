// npm run bench:compression [-- --connections N --times N]: what permessage-deflate costs and saves, as
// rows of a table: memory of a connection, processor time and bytes of a delivery, with it on and off.
import { fork } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { constants, deflateRawSync } from "node:zlib";

const { values } = parseArgs({
  options: {
    connections: { type: "string", default: "1000" },
    times: { type: "string", default: "50" },
    turns: { type: "string", default: "3" },
  },
});
const connections = Number(values.connections);
const times = Number(values.times);
const turns = Number(values.turns);

const RSV1 = 0x40;
const names = ["Ada", "Grace", "Edsger", "Barbara", "Donald", "Leslie", "Radia", "Tim"];

/** A list of records as an application publishes them, of about so many bytes of JSON. */
function records(/** @type {number} */ bytes) {
  /** @type {unknown[]} */
  const list = [];
  for (let i = 0; JSON.stringify(list).length < bytes; i++) {
    const price = (((i * 7_919) % 10_007) / 100).toFixed(2);
    list.push({ id: 1_000 + i, name: names[i % 8], price, stock: (i * 31) % 97, open: i % 3 > 0 });
  }
  return list;
}

/** A masked text frame, compressed where the connection is, as a browser sends it. */
function clientFrame(/** @type {string} */ text, /** @type {boolean} */ compressed) {
  const finishFlush = constants.Z_SYNC_FLUSH;
  const body = compressed
    ? deflateRawSync(text, { finishFlush }).subarray(0, -4)
    : Buffer.from(text);
  const mask = Buffer.of(1, 2, 3, 4);
  const masked = Buffer.from(body.map((byte, i) => byte ^ (mask[i % 4] ?? 0)));
  const first = 0x81 | (compressed ? RSV1 : 0);
  return Buffer.concat([Buffer.of(first, 0x80 | body.length), mask, masked]);
}

/** A connection that is open; counts the bytes it is sent. */
async function open(/** @type {number} */ port, /** @type {boolean} */ offers) {
  const socket = connect({ port, host: "127.0.0.1" });
  const peer = { socket, bytes: 0 };
  const lines = [
    "GET /ws HTTP/1.1",
    "Host: 127.0.0.1",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ...(offers ? ["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"] : []),
  ];
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  await once(socket, "data");
  socket.on("data", (chunk) => {
    peer.bytes += chunk.length;
  });
  return peer;
}

/** @typedef {{ bytes: number, socket: import("node:net").Socket }} Peer */

const received = (/** @type {Peer[]} */ peers) => peers.reduce((sum, { bytes }) => sum + bytes, 0);

/** Whether everybody has everything, up to a ping that some are sent. */
const areLevel = (/** @type {Peer[]} */ peers) => {
  const most = Math.max(...peers.map(({ bytes }) => bytes));
  return peers.every(({ bytes }) => most - bytes < 10);
};

/**
 * Publishes a few at a time, and goes on once everybody has them: a reader that falls behind would be closed.
 * @param {(order: unknown) => Promise<number>} ask
 * @param {Peer[]} peers
 * @param {unknown} payload
 * @param {number} count
 */
async function deliver(ask, peers, payload, count) {
  let cpu = 0;
  for (let done = 0; done < count; done += 10) {
    cpu += await ask({ kind: "publish", payload, times: 10 });
    // All are sent the same bytes.
    for (let last = -1; last !== received(peers) || !areLevel(peers); ) {
      last = received(peers);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  if (peers.some(({ socket }) => socket.destroyed)) throw new Error("A connection was closed.");
  return cpu;
}

/** One gateway, measured from its start to its end. */
async function measure(/** @type {boolean} */ offers) {
  const server = fork(
    fileURLToPath(new URL("./compression/server.mjs", import.meta.url)),
    [offers ? "on" : "off"],
    { execArgv: ["--expose-gc"] },
  );
  const ask = async (/** @type {unknown} */ order) => {
    server.send(/** @type {any} */ (order));
    const [answer] = await once(server, "message");
    return Number(answer);
  };
  const [port] = await once(server, "message");
  const warm = await Promise.all(Array.from({ length: 300 }, () => open(port, offers)));
  for (const { socket } of warm) socket.destroy();
  const atStart = await ask({ kind: "memory" });
  const peers = [];
  for (let i = 0; i < connections; i++) peers.push(await open(port, offers));
  const idle = await ask({ kind: "memory" });
  const subscribe = clientFrame('{"type":"subscribe","channel":"bench:all"}', offers);
  for (const { socket } of peers) {
    const heard = once(socket, "data");
    socket.write(subscribe);
    await heard;
  }
  const subscribed = await ask({ kind: "memory" });
  for (const peer of peers) peer.bytes = 0;
  /** @type {Record<string, { microseconds: number, bytes: number }>} */
  const deliveries = {};
  for (const size of [200, 2_000, 16_000]) {
    const payload = records(size);
    await deliver(ask, peers, payload, 20);
    const before = received(peers);
    const cpu = await deliver(ask, peers, payload, times);
    const bytes = received(peers) - before;
    const count = times * connections;
    deliveries[size] = { microseconds: cpu / count, bytes: bytes / count };
  }
  for (const { socket } of peers) socket.destroy();
  server.disconnect();
  await once(server, "exit");
  return {
    idleBytes: (idle - atStart) / connections,
    subscribedBytes: (subscribed - atStart) / connections,
    deliveries,
  };
}

const median = (/** @type {number[]} */ list) => list.sort((a, b) => a - b)[list.length >> 1] ?? 0;

/** @type {Record<"off" | "on", Awaited<ReturnType<typeof measure>>[]>} */
const results = { off: [], on: [] };
for (let turn = 0; turn < turns; turn++) {
  results.off.push(await measure(false));
  results.on.push(await measure(true));
}

const rows = [
  ["bytes of memory, an idle connection", (/** @type {any} */ r) => r.idleBytes],
  ["bytes of memory, subscribed by a message", (/** @type {any} */ r) => r.subscribedBytes],
  ...[200, 2_000, 16_000].flatMap((size) => [
    [
      `${size} bytes of JSON: bytes sent, a delivery`,
      (/** @type {any} */ r) => r.deliveries[size].bytes,
    ],
    [
      `${size} bytes of JSON: µs of processor, a delivery`,
      (/** @type {any} */ r) => r.deliveries[size].microseconds,
    ],
  ]),
];
process.stdout.write(
  `Node ${process.versions.node}, ${connections} connections, medians of ${turns}.\n\n`,
);
process.stdout.write("| | off | on | on / off |\n| --- | --- | --- | --- |\n");
for (const [name, read] of /** @type {[string, (r: any) => number][]} */ (rows)) {
  const [off, on] = [median(results.off.map(read)), median(results.on.map(read))];
  const digits = off < 100 ? 2 : 0;
  process.stdout.write(
    `| ${name} | ${off.toFixed(digits)} | ${on.toFixed(digits)} | ${(on / off).toFixed(2)} |\n`,
  );
}
process.exit(0);
