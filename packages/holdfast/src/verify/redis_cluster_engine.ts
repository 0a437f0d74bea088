import type { EngineFault } from "@holdfast/probe/node";
import {
  faultsNamed,
  type Guard,
  type NamedEngine,
  notStarted,
  shortBounds,
  shortTimes,
} from "./own_engine.js";
import { RedisSix } from "./redis_six.js";
import { RedisWatched } from "./redis_watched.js";

/** What can be done to a Redis cluster of the run's own. */
export const redisClusterFaults = ["kill", "stop", "failover", "move"] as const;

/** What can be done to a Redis of the run's own that sentinels watch. */
export const redisSentinelFaults = ["kill", "stop", "failover"] as const;

/** Replicas hear of a write once it was acknowledged, so whichever of these is made a master may lack some. */
const losing: ReadonlySet<string> = new Set(["kill", "stop", "failover"]);

/** Starts three Redis masters with a replica each that are a cluster. */
export async function startRedisCluster(
  names: readonly string[],
  guard: Guard,
): Promise<NamedEngine> {
  const faults = faultsNamed(names, "redis+cluster:", redisClusterFaults);
  const six = await RedisSix.start(guard).catch(notStarted("redis+cluster:", "redis-server"));
  const carryOut: Readonly<Record<(typeof redisClusterFaults)[number], EngineFault["carryOut"]>> = {
    kill: () => six.kill(),
    stop: (pause) => six.stop(pause),
    failover: (pause) => six.failOver(pause),
    move: () => six.move(),
  };
  return {
    url: `${six.url}?${shortTimes}`,
    pids: six.pids,
    bounds: shortBounds,
    harmed: {
      proxies: six.proxies,
      faults: faults.map((name) => clusterFault(name, carryOut[name], () => six.whole())),
    },
    losesData: faults.some((name) => losing.has(name)),
    close: () => six.close(),
  };
}

/** Starts a Redis master, a replica and three sentinels. */
export async function startRedisSentinel(
  names: readonly string[],
  guard: Guard,
): Promise<NamedEngine> {
  const faults = faultsNamed(names, "redis+sentinel:", redisSentinelFaults);
  const starting = RedisWatched.start(guard);
  const watched = await starting.catch(notStarted("redis+sentinel:", "redis-server"));
  const carryOut: Readonly<Record<(typeof redisSentinelFaults)[number], EngineFault["carryOut"]>> =
    {
      kill: () => watched.kill(),
      stop: (pause) => watched.stop(pause),
      failover: (pause) => watched.failOver(pause),
    };
  return {
    url: `${watched.url}?${shortTimes}`,
    pids: watched.pids,
    bounds: shortBounds,
    harmed: {
      // The sentinels name the servers themselves, whose links are harmed with `redis:`.
      proxies: [],
      faults: faults.map((name) => clusterFault(name, carryOut[name], () => watched.whole())),
    },
    losesData: faults.some((name) => losing.has(name)),
    close: () => watched.close(),
  };
}

function clusterFault(
  name: string,
  carryOut: EngineFault["carryOut"],
  whenMended: () => Promise<void>,
): EngineFault {
  return { name, carryOut, whenMended, hasStandIn: true };
}
