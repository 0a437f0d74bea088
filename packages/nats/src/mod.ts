export { AddressError, natsSchemes } from "./address.js";
export { createNatsBroker, type NatsBroker, type NatsBrokerOptions } from "./broker.js";
export { type NatsLimits, natsLimits } from "./limits.js";
export type { NatsLink } from "./link.js";
export type { TlsTrust } from "./servers/connection.js";
