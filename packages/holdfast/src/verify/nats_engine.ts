import { type EngineFault, LinkProxy } from "@holdfast/probe/node";
import { NatsSingle } from "./nats_single.js";
import {
  faultsNamed,
  type Guard,
  type NamedEngine,
  notStarted,
  shortBounds,
  shortTimes,
} from "./own_engine.js";

/** What can be done to a NATS server of the run's own. */
export const natsFaults = ["kill", "stop", "wipe", "restore"] as const;

const losing: ReadonlySet<string> = new Set(["wipe", "restore"]);

/** Starts a NATS server. */
export async function startNats(names: readonly string[], guard: Guard): Promise<NamedEngine> {
  const faults = faultsNamed(names, "nats:", natsFaults);
  const server = await NatsSingle.start(guard).catch(notStarted("nats:", "nats-server"));
  const proxy = await LinkProxy.start({ pick: () => server.port });
  return {
    url: `nats://127.0.0.1:${proxy.port}?discover=no&${shortTimes}`,
    pids: [server.pid],
    bounds: shortBounds,
    harmed: { proxies: [proxy], faults: faults.map((name) => natsFault(name, server)) },
    losesData: faults.some((name) => losing.has(name)),
    close: async () => {
      await proxy.close();
      await server.close();
    },
  };
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
