import { EngineError, engineFor } from "@holdfast/broker";
import { silentLogger } from "@holdfast/core";
import type { Bounds } from "@holdfast/probe";
import { type EngineFault, type HarmedEngine, LinkProxy } from "@holdfast/probe/node";
import type { RedisServer } from "@holdfast/redis/local";
import { engines } from "../engines.js";
import type { SpawnOptions } from "./spawn.js";

/** The engine of a run, as its gateways are told of it. */
export interface NamedEngine {
  readonly url: string;
  /** Process id of an engine of the run's own. */
  readonly pid?: number;
  readonly bounds?: Partial<Bounds>;
  readonly harmed?: HarmedEngine;
  close(): Promise<void>;
}

/** What can be done to an engine of the run's own. */
export const engineFaultNames = ["kill", "stop", "wipe"] as const;

/** Short times, so that a run of a minute sees every timeout pass often. */
const shortTimes = "presenceLeaseMs=3000&presenceGraceMs=2000";
const restartAfterMs = 500;
/** Past every timeout of the gateways' connections. */
const stopMs = 7_000;

/**
 * Names the engine of a run, and starts one where the URL is that of none. `guard` hears the process
 * that must not outlive the run. Rejects with an EngineError when it will not do.
 */
export async function nameEngine(
  { broker, engineFaults, platform }: SpawnOptions,
  guard: (pid: number) => void,
): Promise<NamedEngine> {
  if (broker === "") return { url: "", close: async () => {} };
  if (broker === "redis:") return await startRedis(engineFaults, guard);
  return { url: broker, bounds: await boundsOf(broker, platform), close: async () => {} };
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
  const { freePort, RedisServer } = await import("@holdfast/redis/local");
  const port = await freePort();
  // What is acknowledged is on the disk, so that only a wipe may cost anybody anything.
  const args = ["--appendonly", "yes", "--appendfsync", "always"];
  const server = await RedisServer.start({ port, args }).catch((cause: unknown) => {
    throw new EngineError("redis: needs a redis-server on this machine; install it.", { cause });
  });
  guard(server.pid);
  const proxy = await LinkProxy.start({ pick: () => port });
  return {
    url: `redis://127.0.0.1:${proxy.port}?${shortTimes}`,
    pid: server.pid,
    bounds: { presenceLeaseMs: 3_000, presenceGraceMs: 2_000 },
    harmed: { proxy, faults: names.map((name) => redisFault(name, server, guard)) },
    close: async () => {
      await proxy.close();
      await server.dispose();
    },
  };
}

function redisFault(name: string, server: RedisServer, guard: (pid: number) => void): EngineFault {
  switch (name) {
    case "kill":
      return {
        name,
        carryOut: async (pause) => {
          await server.crash();
          await pause(restartAfterMs);
          await server.start();
          guard(server.pid);
        },
      };
    case "stop":
      return {
        name,
        carryOut: async (pause) => {
          server.kill("SIGSTOP");
          await pause(stopMs);
          server.kill("SIGCONT");
        },
      };
    case "wipe":
      return { name, carryOut: async () => void (await server.ask("FLUSHALL")) };
    default:
      throw new EngineError(`--engine-faults: ${name} is none of ${engineFaultNames.join(", ")}.`);
  }
}
