export { type CallDefinition, CallError, call, UnavailableError } from "@holdfast/protocol";
export type { OrderResult } from "./cluster/cluster.js";
export type { RevokeRequest, Target, UnsubscribeRequest, Withdrawal } from "./cluster/orders.js";
export type { Ticket, TicketRequest } from "./cluster/tickets.js";
export type {
  CallDefinitions,
  ChannelRule,
  ChannelRules,
  PublishOptions,
} from "./core-contract.js";
export { createGateway } from "./create-gateway.js";
export type { ContractFrom, Gateway, PublishResult } from "./gateway.js";
export { metrics } from "./metrics.js";
export type { GatewayOptions, MetricsOptions } from "./node/gateway-options.js";
export type { LogLevel } from "./node/logger.js";
export type { AttachOptions, Listening, ListenOptions } from "./node/server-door.js";
export type { TlsFiles, TlsOptions, TlsTexts } from "./node/tls/credentials.js";
export type { StateRead } from "./session/state-reading.js";
export { type Settings, settings } from "./settings.js";
export { type Connection, Frame, type Handshake, type Transport } from "./transport.js";
