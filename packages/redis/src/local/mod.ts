export { freePort, RedisServer, type ServerOptions } from "./redis_server.js";
