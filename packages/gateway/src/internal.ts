export { createCore } from "./core.js";
export { type Connection, Frame, type Handshake, type Transport } from "./transport.js";
