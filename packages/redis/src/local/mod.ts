export { type ClusterNode, RedisCluster, type RedisClusterOptions } from "./redis_cluster.js";
export { RedisSentinels, type RedisSentinelsOptions } from "./redis_sentinels.js";
export { freePort, RedisServer, type ServerOptions } from "./redis_server.js";
export { until } from "./until.js";
