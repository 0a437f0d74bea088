import { EngineError, engineFor } from "@holdfast/broker";
import { silentLogger } from "@holdfast/core";
import type { Bounds } from "@holdfast/probe";
import { engines } from "../engines.js";
import { startFile } from "./file_engine.js";
import { fileFaults } from "./file_store.js";
import { natsClusterFaults, startNatsCluster } from "./nats_cluster_engine.js";
import { natsFaults, startNats } from "./nats_engine.js";
import type { Guard, NamedEngine } from "./own_engine.js";
import {
  redisClusterFaults,
  redisSentinelFaults,
  startRedisCluster,
  startRedisSentinel,
} from "./redis_cluster_engine.js";
import { redisFaults, startRedis } from "./redis_engine.js";
import type { SpawnOptions } from "./spawn.js";

type Start = (engineFaults: readonly string[], guard: Guard) => Promise<NamedEngine>;

/** Engines that a run starts for itself and harms: by the word that `--broker` has instead of a URL. */
const own: Readonly<Record<string, { readonly start: Start; readonly faults: readonly string[] }>> =
  {
    "file:": { start: startFile, faults: fileFaults },
    "redis:": { start: startRedis, faults: redisFaults },
    "redis+cluster:": { start: startRedisCluster, faults: redisClusterFaults },
    "redis+sentinel:": { start: startRedisSentinel, faults: redisSentinelFaults },
    "nats:": { start: startNats, faults: natsFaults },
    "nats+cluster:": { start: startNatsCluster, faults: natsClusterFaults },
  };

/** What can be done to an engine of the run's own, and to which. */
export const engineFaultNames: readonly string[] = [
  ...new Set(Object.values(own).flatMap(({ faults }) => faults)),
];

/**
 * Names the engine of a run, and starts one where the URL is that of none. `guard` hears the process
 * that must not outlive the run. Rejects with an EngineError when it will not do.
 */
export async function nameEngine(
  { broker, count, engineFaults, platform }: SpawnOptions,
  guard: Guard,
): Promise<NamedEngine> {
  if (broker === "") return { url: "", close: async () => {} };
  if (broker.startsWith("file:") && count > 1) {
    throw new EngineError("One process owns a file store: --spawn 1 goes with --broker file:.");
  }
  const start = Object.hasOwn(own, broker) ? own[broker]?.start : undefined;
  if (start !== undefined) return await start(engineFaults, guard);
  return { url: broker, bounds: await boundsOf(broker, platform), close: async () => {} };
}

async function boundsOf(url: string, platform: SpawnOptions["platform"]): Promise<Partial<Bounds>> {
  const engine = await engineFor(url, engines)(url, { ...platform, logger: silentLogger });
  const { presenceLeaseMs, presenceGraceMs } = engine.capabilities;
  await engine.close();
  return { presenceLeaseMs, presenceGraceMs };
}
