export { freePort, NatsServer, type NatsServerOptions, natsVersion } from "./nats_server.js";
