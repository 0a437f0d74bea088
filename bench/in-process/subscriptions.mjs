// node --expose-gc bench/in-process/subscriptions.mjs [connections] [subscriptions of each] [channels]
// What connections and subscriptions take on the heap of one gateway, without sockets: the core itself
// over the memory engine, with transports that keep nothing. Prints bytes of each, after a collection.
import { createMemoryBroker } from "@holdfast/broker";
import { defaultsOf, silentLogger, silentMeter } from "@holdfast/core";
import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import { createCore, digestOf, settings } from "@holdfast/gateway/internal";
import { jsonCodec } from "@holdfast/protocol/json";

const [connections = 100_000, each = 10, channels = 10_000] = process.argv.slice(2).map(Number);
const collect = globalThis.gc;
if (collect === undefined) throw new Error("Run it with node --expose-gc.");

const clock = new VirtualClock();
const random = new SeededRandom(1);
const core = await createCore({
  gateway: "gateway",
  broker: createMemoryBroker({ clock, random }),
  clock,
  random,
  digest: digestOf,
  logger: silentLogger,
  meter: silentMeter,
  settings: {
    ...defaultsOf(settings),
    maxConnections: connections,
    maxConnectionsPerAddress: 0,
    acceptsPerSecond: connections,
    maxSubscriptionsPerConnection: each,
    messagesPerSecondPerAddress: 0,
  },
  channels: { "*": { history: {} } },
  anonymous: { "*": ["subscribe"] },
});

let delivered = 0;
const transport = () => ({
  codec: jsonCodec,
  negotiated: true,
  bufferedBytes: 0,
  write: (/** @type {readonly unknown[]} */ frames) => {
    delivered += frames.length;
  },
  ping: () => {},
  close: () => {},
  terminate: () => {},
});

const used = () => {
  collect();
  return process.memoryUsage().heapUsed;
};

/** @type {import("@holdfast/gateway/internal").Connection[]} */
const all = [];
const empty = used();
for (let n = 0; n < connections; n++) {
  const connection = core.accept(transport(), { headers: {} });
  connection.receive('{"type":"connect"}');
  all.push(connection);
  if (n % 1_000 === 999) await clock.settle();
}
await clock.settle();
const connected = used();
for (const [n, connection] of all.entries()) {
  for (let k = 0; k < each; k++) {
    const channel = `bench:${(n * each + k) % channels}`;
    connection.receive(JSON.stringify({ type: "subscribe", channel }));
  }
  if (n % 1_000 === 999) await clock.settle();
}
await clock.settle();
const subscribed = used();
delivered = 0;
const beganAt = process.cpuUsage().user;
for (let n = 0; n < channels; n++) {
  await core.publish(`bench:${n}`, { data: n });
  if (n % 100 === 99) await clock.settle();
}
await clock.settle();
const spentUs = process.cpuUsage().user - beganAt;
console.log(
  JSON.stringify({
    connections,
    subscriptions: connections * each,
    channels,
    bytesPerConnection: Math.round((connected - empty) / connections),
    bytesPerSubscription: Math.round((subscribed - connected) / (connections * each)),
    heapMiB: Math.round(subscribed / 2 ** 20),
    delivered,
    cpuUsPerDelivery: spentUs / delivered,
  }),
);
process.exit(0);
