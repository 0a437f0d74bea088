// The gateway whose memory and processor time are measured; obeys its parent.
import { createGateway } from "@holdfast/gateway";

const gateway = createGateway({
  compression: process.argv[2] === "on",
  metrics: { process: false },
  channels: { "bench:*": {} },
  anonymous: { "bench:*": ["subscribe"] },
  logLevel: "error",
  // Its clients say nothing until they are told to, and answer no pings.
  settings: {
    acceptsPerSecond: 100_000,
    authTimeoutMs: 3_600_000,
    pingIntervalMs: 3_600_000,
    pongTimeoutMs: 3_600_000,
    maxOutboundBytes: 100_000_000,
  },
});
const { port } = await gateway.listen(0);

/** The heap, and what lies beside it for zlib and buffers, after what can be freed was. */
async function memoryBytes() {
  for (let i = 0; i < 4; i++) {
    globalThis.gc?.();
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** @param {{ payload: unknown, times: number }} what */
async function publish({ payload, times }) {
  const before = process.cpuUsage();
  for (let i = 0; i < times; i++) {
    await gateway.publish("bench:all", payload);
    // A publication of its own for each tick, as where they come now and then.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

process.on("message", async (/** @type {any} */ order) => {
  const answer = order.kind === "memory" ? await memoryBytes() : await publish(order);
  process.send?.(answer);
});
process.on("disconnect", () => process.exit(0));
process.send?.(port);
