import type { EngineFault } from "@holdfast/probe/node";
import {
  behindProxy,
  faultsNamed,
  type Guard,
  type NamedEngine,
  notStarted,
  shortTimes,
} from "./own_engine.js";
import { RedisPair } from "./redis_pair.js";

/** What can be done to a Redis of the run's own. */
export const redisFaults = ["kill", "stop", "wipe", "failover", "restore"] as const;

const losing: ReadonlySet<string> = new Set(["wipe", "failover", "restore"]);

/** Starts a Redis, with a replica where it is to fail over. */
export async function startRedis(names: readonly string[], guard: Guard): Promise<NamedEngine> {
  const faults = faultsNamed(names, "redis:", redisFaults);
  const starting = RedisPair.start(faults.includes("failover"), guard);
  const pair = await starting.catch(notStarted("redis:", "redis-server"));
  return await behindProxy(pair, (port) => `redis://127.0.0.1:${port}?${shortTimes}`, {
    faults: faults.map((name) => redisFault(name, pair)),
    losesData: faults.some((name) => losing.has(name)),
  });
}

function redisFault(name: (typeof redisFaults)[number], pair: RedisPair): EngineFault {
  const carryOut: Readonly<Record<typeof name, EngineFault["carryOut"]>> = {
    kill: (pause) => pair.kill(pause),
    stop: (pause) => pair.stop(pause),
    wipe: () => pair.wipe(),
    failover: (pause) => pair.failOver(pause),
    restore: (pause) => pair.restore(pause),
  };
  return { name, carryOut: carryOut[name] };
}
