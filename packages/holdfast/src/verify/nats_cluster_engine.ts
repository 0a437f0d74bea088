import { EngineError } from "@holdfast/broker";
import { natsVersion } from "@holdfast/nats/local";
import { type EngineFault, LinkProxy } from "@holdfast/probe/node";
import { NatsTrio } from "./nats_trio.js";
import {
  faultsNamed,
  type Guard,
  type NamedEngine,
  notStarted,
  shortBounds,
  shortTimes,
} from "./own_engine.js";

/** What can be done to a cluster of NATS servers of the run's own. None of it may lose anything. */
export const natsClusterFaults = ["kill", "stop", "empty", "majority"] as const;

/** Starts three NATS servers that are a cluster. */
export async function startNatsCluster(
  names: readonly string[],
  guard: Guard,
): Promise<NamedEngine> {
  const faults = faultsNamed(names, "nats+cluster:", natsClusterFaults);
  await judgeVersion();
  const trio = await NatsTrio.start(guard).catch(notStarted("nats+cluster:", "nats-server"));
  const proxies = await Promise.all(
    trio.servers.map(({ port }) => LinkProxy.start({ pick: () => port })),
  );
  const hosts = proxies.map(({ port }) => `127.0.0.1:${port}`).join(",");
  return {
    url: `nats://${hosts}?discover=no&${shortTimes}`,
    pids: trio.servers.map(({ pid }) => pid),
    bounds: shortBounds,
    harmed: { proxies, faults: faults.map((name) => natsClusterFault(name, trio)) },
    close: async () => {
      await Promise.all(proxies.map((proxy) => proxy.close()));
      await trio.close();
    },
  };
}

function natsClusterFault(name: (typeof natsClusterFaults)[number], trio: NatsTrio): EngineFault {
  const carryOut: Readonly<Record<typeof name, EngineFault["carryOut"]>> = {
    kill: (pause) => trio.kill(pause),
    stop: (pause) => trio.stop(pause),
    empty: (pause) => trio.empty(pause),
    majority: (pause) => trio.majority(pause),
  };
  return {
    name,
    carryOut: carryOut[name],
    whenMended: () => trio.whole(),
    hasStandIn: name !== "majority",
  };
}

/** Over a cluster that loses what it has acknowledged nothing can be proven. */
async function judgeVersion(): Promise<void> {
  const installed = await natsVersion().catch(notStarted("nats+cluster:", "nats-server"));
  const [major = 0, minor = 0] = installed;
  if (major > 2 || minor >= 10) return;
  throw new EngineError(
    `nats+cluster: needs a nats-server of version 2.10 or later, since clusters of older ones lose what they have acknowledged, and the one here is ${installed.join(".")}. Name a newer one in HOLDFAST_NATS_SERVER.`,
  );
}
