// The gateway of `holdfast bench --spawn`: memory engine, open to everybody on this machine, with
// the one call that `echo` makes. Bounds that a load generator alone would meet are raised.
import { silentLogger } from "@holdfast/core";
import { call, createGateway } from "@holdfast/gateway";

const [, , namespace = "bench"] = process.argv;
const pattern = `${namespace}:*`;

/** Anything is sent back as it came; Standard Schema. */
const anything = {
  "~standard": { version: 1, vendor: "holdfast", validate: (value: unknown) => ({ value }) },
} as const;

const gateway = createGateway({
  channels: { [pattern]: { history: { maxCount: 1_000, maxBytes: 1_048_576 } } },
  calls: { "bench.echo": call(anything, (input) => input) },
  anonymous: { [pattern]: ["subscribe", "publish", "history"], "bench.echo": ["call"] },
  settings: {
    maxConnections: 200_000,
    maxConnectionsPerUser: 0,
    maxSubscriptionsPerConnection: 100_000,
    messagesPerSecond: 1_000_000,
    bytesPerSecond: 1_000_000_000,
    acceptsPerSecond: 100_000,
  },
  logger: {
    ...silentLogger,
    error: (message, fields) => {
      process.stderr.write(`${JSON.stringify({ message, ...fields })}\n`);
    },
  },
});

process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit(0));
const { port } = await gateway.listen(0);
process.send?.({ ready: port });
