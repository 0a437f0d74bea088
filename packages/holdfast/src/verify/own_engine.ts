import { EngineError } from "@holdfast/broker";
import type { Bounds } from "@holdfast/probe";
import { type EngineFault, type Fleet, type HarmedEngine, LinkProxy } from "@holdfast/probe/node";

/** The engine of a run, as its gateways are told of it. */
export interface NamedEngine {
  readonly url: string;
  /** Process ids of an engine of the run's own, as it began. */
  readonly pids?: readonly number[];
  readonly bounds?: Partial<Bounds>;
  readonly harmed?: HarmedEngine;
  /** Where it is in the gateways, and harmed with them. */
  readonly harmedBy?: (fleet: Fleet) => HarmedEngine;
  /** It is made to lose what it has acknowledged, an order to revoke like anything else. */
  readonly losesData?: boolean;
  close(): Promise<void>;
}

/** Hears the process that must not outlive the run. */
export type Guard = (pid: number) => void;

/** Short times, so that a run of a minute sees every timeout pass often: parameters of the engine's URL. */
export const shortTimes = "presenceLeaseMs=3000&presenceGraceMs=2000";

/** The same, as the run is told of them. */
export const shortBounds = { presenceLeaseMs: 3_000, presenceGraceMs: 2_000 } as const;

/** The faults asked for; all that an engine has where none is named. */
export function faultsNamed<Name extends string>(
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

/** One server of the run's own; which port it is reached at may change. */
interface OwnServer {
  readonly port: number;
  readonly pid: number;
  close(): Promise<void>;
}

/** An engine of one server, which gateways reach by a proxy that can be harmed too. */
export async function behindProxy(
  server: OwnServer,
  urlOf: (port: number) => string,
  { faults, losesData }: { readonly faults: readonly EngineFault[]; readonly losesData: boolean },
): Promise<NamedEngine> {
  const proxy = await LinkProxy.start({ pick: () => server.port });
  return {
    url: urlOf(proxy.port),
    pids: [server.pid],
    bounds: shortBounds,
    harmed: { proxies: [proxy], faults },
    losesData,
    close: async () => {
      await proxy.close();
      await server.close();
    },
  };
}

/** Names the program that is missing where an engine of the run's own does not start. */
export function notStarted(engine: string, program: string): (cause: unknown) => never {
  return (cause) => {
    throw new EngineError(`${engine} needs a ${program} on this machine; install it.`, { cause });
  };
}
