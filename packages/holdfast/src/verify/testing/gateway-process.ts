// A gateway of `holdfast verify --spawn`. Its engine is named by a URL, or it is another process of
// the run's own, which no configuration of `holdfast serve` can name.
import { connectRemoteBroker } from "@holdfast/broker/testing";
import { silentLogger } from "@holdfast/core";
import { jwt } from "@holdfast/gateway/jwt";
import { createGateway } from "../../gateway.js";
import { type GatewayArguments, readArguments } from "./arguments.js";

const args = readArguments<GatewayArguments>(process.argv);
const { broker: told, namespace, maxConnections, tokenSecret, apiKey } = args;
// Nothing is trimmed: a reset would have no excuse.
const history = { maxCount: 1_000_000, maxBytes: 268_435_456, maxAgeMs: 86_400_000 };
const everything = ["subscribe", "publish", "presence", "history"] as const;
const broker = typeof told === "number" ? await connectRemoteBroker(told) : told;
const gateway = createGateway({
  broker,
  authenticate: jwt({ secrets: [tokenSecret] }),
  apiKeys: [apiKey],
  channels: {
    [`${namespace}:*`]: { history, presence: true },
    [`${namespace}-last:*`]: { history, presence: true, state: "last" },
    [`${namespace}-merge:*`]: { history, presence: true, state: "merge" },
  },
  // For the auditor, who is never refused, and for states read over HTTP.
  anonymous: Object.fromEntries(
    ["", "-last", "-merge"].map((suffix) => [`${namespace}${suffix}:*`, everything]),
  ),
  settings: {
    pingIntervalMs: 2_000,
    pongTimeoutMs: 2_000,
    quietCheckIntervalMs: 2_000,
    drainMs: 1_500,
    // Often, so that gateways that began anew go on from stored snapshots.
    snapshotEveryCount: 20,
    maxConnections,
  },
  metrics: false,
  logger: {
    ...silentLogger,
    error: (message, fields) => {
      process.stderr.write(`${JSON.stringify({ message, ...fields })}\n`);
    },
  },
});

process.on("SIGTERM", () => {
  void gateway.close().then(() => process.exit(0));
});
process.on("SIGINT", () => {});
process.on("disconnect", () => process.exit(0));
const { port } = await gateway.listen(0);
process.send?.({ ready: port });
