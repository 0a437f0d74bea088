export { type CallDefinition, CallError, call } from "@holdfast/protocol";
export type {
  CallDefinitions,
  ChannelRule,
  ChannelRules,
  PublishOptions,
  Withdrawal,
} from "./core-contract.js";
export {
  type ContractFrom,
  createGateway,
  type Gateway,
  type PublishResult,
} from "./create-gateway.js";
export { metrics } from "./metrics.js";
export type { GatewayOptions, MetricsOptions } from "./node/gateway-options.js";
export type { LogLevel } from "./node/logger.js";
export type { AttachOptions, Listening, ListenOptions } from "./node/server-door.js";
export type { TlsFiles, TlsOptions, TlsTexts } from "./node/tls/credentials.js";
export type { StateRead } from "./session/state-reading.js";
export { type Settings, settings } from "./settings.js";
export { type Connection, Frame, type Handshake, type Transport } from "./transport.js";
