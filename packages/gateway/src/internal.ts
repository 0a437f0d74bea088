export {
  loadNative as findFanoutHelper,
  type NativeLookup as FanoutHelper,
} from "@holdfast/fanout";
export { createCore } from "./core.js";
export type { GatewayCore } from "./core-contract.js";
export { digestOf } from "./node/digest.js";
export { settings } from "./settings.js";
export { type Connection, Frame, type Handshake, type Transport } from "./transport.js";
