/** What a server says of its process. */
export interface ServerSample {
  /** Processor time used so far, user and system. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

/** Asks the server how it is; only where it can be asked. */
export interface ServerWatch {
  /** `undefined`: it does not say. */
  sample(): Promise<ServerSample | undefined>;
}

/** Nobody to ask. */
export const silentServer: ServerWatch = { sample: async () => undefined };

const wanted = {
  cpuSeconds: "process_cpu_seconds_total",
  residentBytes: "process_resident_memory_bytes",
} as const;

/** Reads a sample from a Prometheus exposition; `undefined` when it has none. */
export function sampleOf(exposition: string): ServerSample | undefined {
  const read = (name: string) => {
    const [, value] = new RegExp(`^${name} (\\S+)$`, "m").exec(exposition) ?? [];
    return value === undefined ? undefined : Number(value);
  };
  const cpuSeconds = read(wanted.cpuSeconds);
  const residentBytes = read(wanted.residentBytes);
  if (cpuSeconds === undefined || residentBytes === undefined) return undefined;
  return { cpuSeconds, residentBytes };
}
