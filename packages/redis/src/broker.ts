import {
  allFeatures,
  type Broker,
  type BrokerCapabilities,
  type BrokerListener,
  EngineError,
} from "@holdfast/broker";
import { type Clock, type Logger, type Random, silentLogger } from "@holdfast/core";
import { parseAddress } from "./address.js";
import { Keys } from "./keys.js";
import { type RedisLimits, resolveLimits } from "./limits.js";
import { RedisLink } from "./link.js";
import { ClusterServers } from "./servers/cluster.js";
import type { TlsTrust } from "./servers/connect.js";
import type { Servers, ServersListener } from "./servers/servers.js";
import { SingleServers } from "./servers/single.js";

/** What the Redis engine is made of; every limit of `redisLimits` can be set. */
export interface RedisBrokerOptions extends Partial<RedisLimits> {
  /** `redis://`, `rediss://`, `redis+unix://`, `redis+sentinel://`, `redis+cluster://`; see docs/engines.md. */
  readonly url: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger?: Logger;
  /** Whom to trust with `rediss://` beside the system's authorities. */
  readonly tls?: TlsTrust;
}

/** An engine over Redis or Valkey. */
export interface RedisBroker extends Broker {
  connect(gateway: string, listener: BrokerListener): Promise<RedisLink>;
  close(): Promise<void>;
}

/**
 * An engine over a Redis or Valkey deployment. Throws EngineError at once on a URL or limit that
 * cannot be; `connect` rejects with one when the servers cannot be reached or will
 * not do, and says what to change.
 */
export function createRedisBroker(options: RedisBrokerOptions): RedisBroker {
  const address = parseAddress(options.url);
  const limits = limitsOf({ ...options, ...address.limits });
  const { clock, random, logger = silentLogger, tls } = options;
  const keys = new Keys(address.prefix, limits.partitions, address.database);
  const links = new Set<RedisLink>();
  let open = true;
  const servers = (listener: ServersListener): Servers => {
    const made = { address, limits, keys, clock, random, logger, listener, ...(tls && { tls }) };
    return address.kind === "cluster" ? new ClusterServers(made) : new SingleServers(made);
  };
  const capabilities: BrokerCapabilities = {
    engine: "redis",
    durability: "as configured",
    features: allFeatures,
    partitions: limits.partitions,
    keyWindowMs: limits.keyWindowMs,
    presenceLeaseMs: limits.presenceLeaseMs,
    presenceGraceMs: limits.presenceGraceMs,
    commandWindowMs: limits.commandWindowMs,
    fenceWindowMs: limits.fenceWindowMs,
  };
  return {
    capabilities,
    async connect(gateway, listener) {
      if (!open) throw new Error("the broker was closed");
      const parts = { gateway, listener, servers, keys, limits, clock, random, logger };
      const link = await RedisLink.connect(parts, (ended) => links.delete(ended));
      links.add(link);
      return link;
    },
    async close() {
      open = false;
      await Promise.all([...links].map((link) => link.close()));
    },
  };
}

function limitsOf(given: Partial<RedisLimits>): RedisLimits {
  try {
    return resolveLimits(given);
  } catch (cause) {
    throw new EngineError(`The Redis engine: ${(cause as RangeError).message}.`, { cause });
  }
}
