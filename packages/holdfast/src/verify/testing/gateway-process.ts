// A gateway of `holdfast verify --spawn`. Its engine is another process of this machine, which no
// configuration of `holdfast serve` can name.
import { connectRemoteBroker } from "@holdfast/broker/testing";
import { silentLogger } from "@holdfast/core";
import { createGateway } from "@holdfast/gateway";
import { type GatewayArguments, readArguments } from "./arguments.js";

const { brokerPort, namespace, maxConnections } = readArguments<GatewayArguments>(process.argv);
const pattern = `${namespace}:*`;
const broker = await connectRemoteBroker(brokerPort);
const gateway = createGateway({
  broker,
  channels: {
    [pattern]: {
      // Nothing is trimmed: a reset would have no excuse.
      history: { maxCount: 1_000_000, maxBytes: 268_435_456, maxAgeMs: 86_400_000 },
      presence: true,
    },
  },
  anonymous: { [pattern]: ["subscribe", "publish", "presence", "history"] },
  settings: {
    pingIntervalMs: 2_000,
    pongTimeoutMs: 2_000,
    quietCheckIntervalMs: 2_000,
    drainMs: 1_500,
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
