import type { EngineFault } from "@holdfast/probe/node";
import { NatsSingle } from "./nats_single.js";
import {
  behindProxy,
  faultsNamed,
  type Guard,
  type NamedEngine,
  notStarted,
  shortTimes,
} from "./own_engine.js";

/** What can be done to a NATS server of the run's own. */
export const natsFaults = ["kill", "stop", "wipe", "restore"] as const;

const losing: ReadonlySet<string> = new Set(["wipe", "restore"]);

/** Starts a NATS server. */
export async function startNats(names: readonly string[], guard: Guard): Promise<NamedEngine> {
  const faults = faultsNamed(names, "nats:", natsFaults);
  const server = await NatsSingle.start(guard).catch(notStarted("nats:", "nats-server"));
  return await behindProxy(server, (port) => `nats://127.0.0.1:${port}?discover=no&${shortTimes}`, {
    faults: faults.map((name) => natsFault(name, server)),
    losesData: faults.some((name) => losing.has(name)),
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
