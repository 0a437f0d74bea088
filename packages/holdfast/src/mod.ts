// The batteries-included door: what an application needs of the gateway, under one name.
export {
  CallError,
  type ChannelRule,
  type ChannelRules,
  call,
  type Gateway,
  type GatewayOptions,
  type PublishResult,
  UnavailableError,
} from "@holdfast/gateway";
export type { AuthenticateHandler, AuthorizeHandler, Identity } from "@holdfast/protocol";
export { createGateway } from "./gateway.js";
