import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { silentLogger } from "@holdfast/core";
import { createGateway, type GatewayOptions, type Listening } from "@holdfast/gateway";

/** A key the gateways of these tests accept. */
export const testKey = "0123456789abcdef-key";

/** A gateway in which everybody may use `chat:*`, unless it authenticates. */
export async function openGateway(
  options: GatewayOptions = {},
  port = 0,
): Promise<Listening & { close(): Promise<void> }> {
  const gateway = createGateway({
    channels: { "chat:*": { history: {}, presence: true } },
    ...(options.authenticate ? {} : { anonymous: { "chat:*": ["subscribe", "publish"] } }),
    apiKeys: [testKey],
    logger: silentLogger,
    metrics: false,
    ...options,
  });
  const listening = await gateway.listen(port);
  return { ...listening, close: () => gateway.close({ drainMs: 0 }) };
}

/** A port of this machine at which nothing listens. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
