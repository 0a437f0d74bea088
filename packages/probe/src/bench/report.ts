import type { Times } from "./latency.js";
import type { ServerSample } from "./server-watch.js";
import type { BenchSettings } from "./settings.js";
import type { Counts } from "./tally.js";
import type { Total } from "./total.js";

/** One step of a ramp. */
export interface RampStep {
  readonly perSecond: number;
  readonly p99Ms: number;
  /** Why this one was too much; absent: it was not. */
  readonly over?: string;
}

/** What a run came to, as the JSON report has it. Times are those of the measured window. */
export interface BenchReport {
  readonly scenario: BenchSettings["scenario"];
  readonly target: BenchSettings["target"];
  readonly codec: BenchSettings["codec"];
  readonly connections: number;
  readonly channels: number;
  readonly subscriptions: number;
  readonly perSecond: number;
  readonly durationSeconds: number;
  readonly payloadBytes: number;
  /** Connections opened per second. */
  readonly opensPerSecond: number;
  readonly counts: Counts;
  readonly failures: Readonly<Record<string, number>>;
  /** Deliveries or answers per second of the window. */
  readonly arrivalsPerSecond: number;
  /** From when an operation was due; a stall counts for everything that was due meanwhile. */
  readonly latency: Times;
  /** From when it really left. */
  readonly service: Times;
  /** How late the load generator was. */
  readonly lag: Times;
  readonly server: {
    /** Share of one core that it used; null: it did not say. */
    readonly busyShare: number | null;
    readonly cpuMicrosPerArrival: number | null;
    readonly residentBytesBefore: number | null;
    readonly residentBytesAfter: number | null;
    /** null: it did not say, or its memory did not grow, so that nothing can be said of a connection. */
    readonly bytesPerConnection: number | null;
  };
  readonly client: { readonly processes: number; readonly busiestShare: number };
  readonly steps: readonly RampStep[];
  readonly warnings: readonly string[];
}

/** What a report is made of. */
export interface ReportParts {
  readonly settings: BenchSettings;
  readonly processes: number;
  readonly total: Total;
  readonly windowMs: number;
  readonly openMs: number;
  /** Before the first connection. */
  readonly empty: ServerSample | undefined;
  /** Around the measured window. */
  readonly before: ServerSample | undefined;
  readonly after: ServerSample | undefined;
  readonly steps: readonly RampStep[];
  readonly warnings: readonly string[];
}

/** Above this share of its time a process is as busy as it can be. */
const busyLimit = 0.9;
/** Operations that leave later than this make the load something else than what was asked for. */
const lagLimitMs = 20;

/** Counts and judges what a run came to. */
export function makeReport(parts: ReportParts): BenchReport {
  const { settings, total, windowMs, openMs, empty, before, after } = parts;
  const cpuSeconds =
    before === undefined || after === undefined ? undefined : after.cpuSeconds - before.cpuSeconds;
  const busyShare = cpuSeconds === undefined ? null : round(cpuSeconds / (windowMs / 1_000));
  // In a storm a time is a client's, not a delivery's.
  const arrivals = settings.scenario === "storm" ? total.counts.received : total.latency.count;
  const grown =
    empty === undefined || after === undefined
      ? undefined
      : after.residentBytes - empty.residentBytes;
  return {
    scenario: settings.scenario,
    target: settings.target,
    codec: settings.codec,
    connections: settings.connections,
    channels: settings.channels,
    subscriptions: total.counts.subscribed,
    perSecond: settings.perSecond,
    durationSeconds: round(windowMs / 1_000),
    payloadBytes: settings.payloadBytes,
    opensPerSecond: round((total.counts.opened * 1_000) / Math.max(1, openMs)),
    counts: total.counts,
    failures: total.failures,
    arrivalsPerSecond: round((arrivals * 1_000) / windowMs),
    latency: total.latency,
    service: total.service,
    lag: total.lag,
    server: {
      busyShare,
      cpuMicrosPerArrival:
        cpuSeconds === undefined || arrivals === 0 ? null : round((cpuSeconds * 1e6) / arrivals),
      residentBytesBefore: empty?.residentBytes ?? null,
      residentBytesAfter: after?.residentBytes ?? null,
      bytesPerConnection:
        grown === undefined || grown <= 0 || total.counts.opened === 0
          ? null
          : Math.round(grown / total.counts.opened),
    },
    client: { processes: parts.processes, busiestShare: round(total.busiestShare) },
    steps: parts.steps,
    warnings: [...parts.warnings, ...judged(total, busyShare)],
  };
}

/** What makes the figures say less than they seem to. */
function judged(
  { busiestShare, lag, counts }: Total,
  serverBusy: number | null,
): readonly string[] {
  const warnings: string[] = [];
  const isClient = busiestShare > busyLimit && (serverBusy === null || serverBusy < busyLimit);
  if (isClient) {
    warnings.push(
      `The client was the bottleneck: a process of it was busy ${percent(busiestShare)} of the time${
        serverBusy === null ? "" : `, the server ${percent(serverBusy)}`
      }. Take more --processes on a machine of its own, or less load.`,
    );
  }
  if (lag.count > 0 && lag.p99Ms > lagLimitMs) {
    warnings.push(
      `The client was late: 1 % of the operations left more than ${lag.p99Ms} ms after they were due. The times "once sent" are without that.`,
    );
  }
  if (counts.lost > 0) warnings.push(`${counts.lost} connections were lost on the way.`);
  return warnings;
}

const percent = (share: number) => `${Math.round(share * 100)} %`;
const round = (value: number) => Math.round(value * 1_000) / 1_000;

/** Whether everything that was promised arrived, once. Ephemeral publications may be left out. */
export function isComplete({ scenario, counts, failures }: BenchReport): boolean {
  const isWhole = scenario === "ticker" || counts.received === counts.expected;
  const isClean = counts.missing + counts.repeated + counts.resets === 0;
  return isWhole && isClean && Object.keys(failures).length === 0;
}
