export { AddressError, redisSchemes } from "./address.js";
export { createRedisBroker, type RedisBroker, type RedisBrokerOptions } from "./broker.js";
export { type RedisLimits, redisLimits } from "./limits.js";
export type { RedisLink } from "./link.js";
export type { TlsTrust } from "./servers/connect.js";
