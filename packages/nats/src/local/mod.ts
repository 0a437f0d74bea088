export { NatsCluster, type NatsClusterOptions } from "./nats_cluster.js";
export { freePort, NatsServer, type NatsServerOptions, natsVersion } from "./nats_server.js";
