import { fileURLToPath } from "node:url";
import type { Bounds, VerifyPlatform } from "@holdfast/probe";
import { Child, FaultDirector, type FaultTarget, Fleet, LinkProxy } from "@holdfast/probe/node";
import { makeSecrets, type RunSecrets } from "./authority.js";
import { nameEngine } from "./engine.js";
import type { GatewayArguments, SpawnTimes } from "./testing/arguments.js";

/** Largest number of gateways a run starts. */
export const maxSpawned = 16;

const times: SpawnTimes = { presenceLeaseMs: 3_000, presenceGraceMs: 2_000 };
/** Past the lease, and past ping interval and pong timeout together. */
const stopMs = 6_000;

/** A system of its own that the command started. */
export interface SpawnedSystem {
  readonly url: string;
  readonly bounds: Partial<Bounds>;
  readonly faults: FaultDirector;
  readonly secrets: RunSecrets;
  /** An order to revoke holds at once, whatever is done to the engine. */
  readonly keepsOrders: boolean;
  /** Process ids: those of the engine, then those of the gateways, as they began. */
  readonly pids: readonly number[];
  /** Ends every process and waits until they are gone. */
  close(): Promise<void>;
}

/** What a system of the command's own is made of. */
export interface SpawnOptions {
  /** How many gateways. */
  readonly count: number;
  readonly namespace: string;
  readonly maxConnections: number;
  /** URL of an engine, a word such as `redis:` for one of its own, "" for an engine in memory. */
  readonly broker: string;
  readonly engineFaults: readonly string[];
  /** What is harmed. */
  readonly faultTargets: readonly FaultTarget[];
  readonly platform: VerifyPlatform;
}

/**
 * Starts an engine and gateways as processes, and the proxy that clients reach them through.
 * Rejects with an EngineError when the engine named will not do.
 */
export async function spawnSystem(options: SpawnOptions): Promise<SpawnedSystem> {
  const { count, namespace, maxConnections, broker, platform } = options;
  const { random } = platform;
  // Also ends what is left when this process is gone.
  const engine = await Child.start(entry("broker-process"), [JSON.stringify(times)]);
  const named = await nameEngine(options, (pid) => engine.tell({ guard: pid })).catch(
    async (cause) => {
      await engine.kill();
      throw cause;
    },
  );
  const secrets = makeSecrets(random);
  const told: GatewayArguments = {
    broker: broker === "" ? engine.port : named.url,
    namespace,
    maxConnections,
    ...secrets,
  };
  const pids = [...(named.pids ?? [engine.pid])];
  const whole = pids.length + count;
  const fleet = new Fleet(count, async () => {
    let pid = 0;
    const child = await Child.start(entry("gateway-process"), [JSON.stringify(told)], (started) => {
      pid = started;
      if (pids.length < whole) pids.push(pid);
      engine.tell({ guard: pid });
    });
    void child.exited.then(() => engine.tell({ forget: pid }));
    return child;
  });
  let proxy: LinkProxy | undefined;
  let faults: FaultDirector | undefined;
  const close = async () => {
    // A run that failed may have left them at work.
    await faults?.stop();
    await proxy?.close();
    await fleet.close();
    await named.close();
    await engine.kill();
  };
  try {
    proxy = await LinkProxy.start({ pick: () => fleet.pick(random) });
    await fleet.open();
    const harmed = named.harmed ?? named.harmedBy?.(fleet);
    faults = new FaultDirector({
      random,
      fleet,
      proxy,
      stopMs,
      targets: options.faultTargets,
      ...(harmed !== undefined && { engine: harmed }),
    });
  } catch (cause) {
    await close();
    throw cause;
  }
  return {
    url: `ws://127.0.0.1:${proxy.port}/ws`,
    bounds: named.bounds ?? times,
    faults,
    secrets,
    keepsOrders: named.losesData !== true,
    pids,
    close,
  };
}

function entry(name: string): string {
  return fileURLToPath(new URL(`./testing/${name}.js`, import.meta.url));
}
