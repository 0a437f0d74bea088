import { EngineError, engineFor } from "@holdfast/broker";
import { silentLogger } from "@holdfast/core";
import type { Bounds } from "@holdfast/probe";
import { type EngineFault, type Fleet, type HarmedEngine, LinkProxy } from "@holdfast/probe/node";
import { engines } from "../engines.js";
import { FileStore, fileFaults } from "./file_store.js";
import { NatsSingle } from "./nats_single.js";
import { RedisPair } from "./redis_pair.js";
import type { SpawnOptions } from "./spawn.js";

/** The engine of a run, as its gateways are told of it. */
export interface NamedEngine {
  readonly url: string;
  /** Process id of an engine of the run's own. */
  readonly pid?: number;
  readonly bounds?: Partial<Bounds>;
  readonly harmed?: HarmedEngine;
  /** Where it is in the gateways, and harmed with them. */
  readonly harmedBy?: (fleet: Fleet) => HarmedEngine;
  /** It is made to lose what it has acknowledged, an order to revoke like anything else. */
  readonly losesData?: boolean;
  close(): Promise<void>;
}

/** What can be done to an engine of the run's own. */
export const engineFaultNames = ["kill", "stop", "wipe", "failover", "restore"] as const;

/** Short times, so that a run of a minute sees every timeout pass often. */
const shortTimes = "presenceLeaseMs=3000&presenceGraceMs=2000";

/**
 * Names the engine of a run, and starts one where the URL is that of none. `guard` hears the process
 * that must not outlive the run. Rejects with an EngineError when it will not do.
 */
export async function nameEngine(
  { broker, count, engineFaults, platform }: SpawnOptions,
  guard: (pid: number) => void,
): Promise<NamedEngine> {
  if (broker === "") return { url: "", close: async () => {} };
  if (broker.startsWith("file:") && count > 1) {
    throw new EngineError("One process owns a file store: --spawn 1 goes with --broker file:.");
  }
  if (broker === "file:") return await makeStore(engineFaults);
  if (broker === "redis:") return await startRedis(engineFaults, guard);
  if (broker === "nats:") return await startNats(engineFaults, guard);
  return { url: broker, bounds: await boundsOf(broker, platform), close: async () => {} };
}

/** A file store of the run's own. Unasked it loses nothing: its gateway is harmed as it is. */
async function makeStore(names: readonly string[]): Promise<NamedEngine> {
  const faults = names.length === 0 ? [] : faultsNamed(names, "file:", fileFaults);
  const store = await FileStore.make();
  return {
    url: `file:${store.folder}?${shortTimes}`,
    bounds: { presenceLeaseMs: 3_000, presenceGraceMs: 2_000 },
    harmedBy: (fleet) => ({ faults: store.faults(faults, fleet) }),
    losesData: faults.length > 0,
    close: () => store.dispose(),
  };
}

async function boundsOf(url: string, platform: SpawnOptions["platform"]): Promise<Partial<Bounds>> {
  const engine = await engineFor(url, engines)(url, { ...platform, logger: silentLogger });
  const { presenceLeaseMs, presenceGraceMs } = engine.capabilities;
  await engine.close();
  return { presenceLeaseMs, presenceGraceMs };
}

async function startRedis(
  names: readonly string[],
  guard: (pid: number) => void,
): Promise<NamedEngine> {
  const faults = faultsNamed(names, "redis:", redisFaults);
  const pair = await RedisPair.start(faults.includes("failover"), guard).catch((cause: unknown) => {
    throw new EngineError("redis: needs a redis-server on this machine; install it.", { cause });
  });
  const proxy = await LinkProxy.start({ pick: () => pair.port });
  return {
    url: `redis://127.0.0.1:${proxy.port}?${shortTimes}`,
    pid: pair.pid,
    bounds: { presenceLeaseMs: 3_000, presenceGraceMs: 2_000 },
    harmed: { proxy, faults: faults.map((name) => redisFault(name, pair)) },
    losesData: faults.some(losesData),
    close: async () => {
      await proxy.close();
      await pair.close();
    },
  };
}

async function startNats(
  names: readonly string[],
  guard: (pid: number) => void,
): Promise<NamedEngine> {
  const faults = faultsNamed(names, "nats:", natsFaults);
  const server = await NatsSingle.start(guard).catch((cause: unknown) => {
    throw new EngineError("nats: needs a nats-server on this machine; install it.", { cause });
  });
  const proxy = await LinkProxy.start({ pick: () => server.port });
  return {
    url: `nats://127.0.0.1:${proxy.port}?discover=no&${shortTimes}`,
    pid: server.pid,
    bounds: { presenceLeaseMs: 3_000, presenceGraceMs: 2_000 },
    harmed: { proxy, faults: faults.map((name) => natsFault(name, server)) },
    losesData: faults.some(losesData),
    close: async () => {
      await proxy.close();
      await server.close();
    },
  };
}

const redisFaults = ["kill", "stop", "wipe", "failover", "restore"] as const;
const natsFaults = ["kill", "stop", "wipe", "restore"] as const;

function losesData(name: (typeof engineFaultNames)[number]): boolean {
  return name === "wipe" || name === "failover" || name === "restore";
}

/** The faults asked for; all that an engine has where none is named. */
function faultsNamed<Name extends string>(
  names: readonly string[],
  engine: string,
  known: readonly Name[],
): readonly Name[] {
  if (names.length === 0) return known;
  return names.map((name) => {
    const found = known.find((one) => one === name);
    if (found !== undefined) return found;
    throw new EngineError(`--engine-faults: ${name} is none of ${engine} (${known.join(", ")}).`);
  });
}

function natsFault(name: (typeof natsFaults)[number], server: NatsSingle): EngineFault {
  const carryOut: Readonly<Record<typeof name, EngineFault["carryOut"]>> = {
    kill: (pause) => server.kill(pause),
    stop: (pause) => server.stop(pause),
    wipe: () => server.wipe(),
    restore: (pause) => server.restore(pause),
  };
  return { name, carryOut: carryOut[name] };
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
