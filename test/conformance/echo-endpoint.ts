import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { defaultsOf, silentLogger, silentMeter } from "@holdfast/core";
import { VirtualClock } from "@holdfast/core/testing";
import type { GatewayCore } from "@holdfast/gateway/internal";
import { jsonCodec } from "@holdfast/protocol/json";
import type { GatewayCore as Core } from "../../packages/gateway/src/core-contract.js";
import { TrustedProxies } from "../../packages/gateway/src/node/client-address.js";
import { trafficOf } from "../../packages/gateway/src/node/traffic.js";
import { UpgradeDoor } from "../../packages/gateway/src/node/upgrade.js";
import { type Settings, settings } from "../../packages/gateway/src/settings.js";
import { type Connection, Frame, type Transport } from "../../packages/gateway/src/transport.js";

/** Largest message the endpoint takes, in bytes: the gateway's default. */
export const MAX_MESSAGE_BYTES = defaultsOf(settings).maxMessageBytes;

/** The gateway's own WebSocket door and transport, with a connection that says back what it hears. */
export interface EchoEndpoint {
  readonly port: number;
  close(): void;
}

const never = (): never => {
  throw new Error("an echo endpoint has no such thing");
};

/** A core whose connections echo: text as text, bytes as bytes. */
function echoCore(): Core & GatewayCore {
  return {
    ready: true,
    connectionCount: 0,
    acceptWaitMs: () => 0,
    recheck: () => {},
    tell: never,
    issueTicket: never,
    nodes: never,
    revocation: never,
    readState: never,
    publish: never,
    flushed: never,
    close: never,
    accept: (transport: Transport): Connection => ({
      receive: (payload) => transport.write([new Frame(payload, Buffer.byteLength(payload))]),
      ponged: () => {},
      drained: () => {},
      closed: () => {},
    }),
  };
}

/** How an endpoint differs from the gateway's defaults. */
export interface EchoOptions {
  readonly compression?: boolean;
  readonly settings?: Partial<Settings>;
}

/** Starts the endpoint on a free port of this machine. */
export async function openEcho(options: EchoOptions = {}): Promise<EchoEndpoint> {
  const core = echoCore();
  const door = new UpgradeDoor({
    core: () => core,
    codecs: [jsonCodec],
    plain: jsonCodec,
    clock: new VirtualClock(),
    logger: silentLogger,
    meter: silentMeter,
    settings: { ...defaultsOf(settings), ...options.settings },
    origins: [],
    queryTokens: false,
    proxies: new TrustedProxies([]),
    checkHost: false,
    compression: options.compression ?? false,
    traffic: trafficOf(silentMeter),
  });
  const server = createServer();
  server.on("upgrade", (request, socket, head) => door.handle(request, socket, head));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    close: () => {
      door.close();
      server.close();
      server.closeAllConnections();
    },
  };
}
