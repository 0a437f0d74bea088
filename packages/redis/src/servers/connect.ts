import { fullJitter, type Random } from "@holdfast/core";
import { Cluster, Redis, type RedisOptions } from "ioredis";
import type { RedisAddress } from "../address.js";
import type { RedisLimits } from "../limits.js";

const firstReconnectMs = 50;

/** Whom TLS connections trust and what they show of themselves, each in PEM. */
export interface TlsTrust {
  /** Authorities instead of the system's. */
  readonly ca?: string | Buffer;
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
}

/** What connections are made of. */
export interface ConnectOptions {
  readonly address: RedisAddress;
  readonly tls?: TlsTrust;
  readonly limits: RedisLimits;
  readonly random: Random;
}

/**
 * What every connection has in common. Nothing is sent twice and nothing waits for a connection:
 * a publish repeated behind the gateway's back would be appended twice, and one that waits is
 * better refused with advice. Subscriptions are renewed by the relay, which then reports the gap.
 */
export function connectionOptions({ address, limits, random, tls }: ConnectOptions) {
  return {
    ...(address.username !== undefined && { username: address.username }),
    ...(address.password !== undefined && { password: address.password }),
    ...(address.tls && { tls: { ...tls } }),
    db: address.database,
    lazyConnect: true,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: limits.connectTimeoutMs,
    commandTimeout: limits.commandTimeoutMs,
    disconnectTimeout: 100,
    retryStrategy: (attempt: number) =>
      1 + fullJitter(random, firstReconnectMs, attempt, limits.maxReconnectDelayMs),
  } satisfies RedisOptions;
}

/** A connection to the one server, or to the master that the sentinels know. */
export function connectSingle(options: ConnectOptions): Redis {
  const { address, limits, random } = options;
  const common = connectionOptions(options);
  if (address.kind === "sentinel") {
    return new Redis({
      ...common,
      sentinels: [...address.hosts],
      name: address.master ?? "",
      failoverDetector: true,
      sentinelRetryStrategy: (attempt) =>
        1 + fullJitter(random, firstReconnectMs, attempt, limits.maxReconnectDelayMs),
      ...(address.sentinelUsername !== undefined && { sentinelUsername: address.sentinelUsername }),
      ...(address.sentinelPassword !== undefined && { sentinelPassword: address.sentinelPassword }),
      ...(address.tls && { sentinelTLS: { ...options.tls }, enableTLSForSentinelMode: true }),
    });
  }
  if (address.socketPath !== undefined) return new Redis({ ...common, path: address.socketPath });
  return new Redis({ ...common, ...address.hosts[0] });
}

/** A connection to a cluster. A lost connection's commands are not tried on another server. */
export function connectCluster(options: ConnectOptions): Cluster {
  const { address, limits, random } = options;
  const { retryStrategy: _, enableOfflineQueue: __, ...redisOptions } = connectionOptions(options);
  const cluster = new Cluster([...address.hosts], {
    redisOptions,
    lazyConnect: true,
    enableOfflineQueue: false,
    retryDelayOnFailover: 0,
    retryDelayOnTryAgain: 50,
    slotsRefreshInterval: limits.heartbeatIntervalMs,
    slotsRefreshTimeout: limits.connectTimeoutMs,
    clusterRetryStrategy: (attempt) =>
      1 + fullJitter(random, firstReconnectMs, attempt, limits.maxReconnectDelayMs),
  });
  cluster.on("+node", hearAsking);
  return cluster;
}

/** The client sends ASKING before a call whose slot moves and waits for no answer: lost with its connection it would end the process. */
function hearAsking(node: Pick<Redis, "asking">): void {
  const asking = node.asking.bind(node);
  node.asking = () => {
    const asked = asking();
    asked.catch(() => {});
    return asked;
  };
}

/** Sockets given up that have not ended yet: a thousand commands may time out on one at once. */
const dropped = new WeakSet<object>();

/** Gives a connection up and makes a new one. While one is being made, that is what happens already. */
export function dropConnection(client: Redis): void {
  if (client.status !== "ready" && client.status !== "connect") return;
  if (dropped.has(client.stream)) return;
  dropped.add(client.stream);
  client.disconnect(true);
}
