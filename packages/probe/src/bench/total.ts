import { Latency, type Times } from "./latency.js";
import { addCounts, type Counts, type Measured, noCounts } from "./tally.js";

/** What all processes measured, added up. */
export interface Total {
  readonly counts: Counts;
  readonly failures: Readonly<Record<string, number>>;
  readonly latency: Times;
  readonly service: Times;
  readonly lag: Times;
  /** Share of the time that the busiest process was busy. */
  readonly busiestShare: number;
}

/** Adds up what the processes measured. */
export function totalOf(parts: readonly Measured[]): Total {
  const counts = noCounts();
  const failures: Record<string, number> = {};
  const latency = new Latency();
  const service = new Latency();
  const lag = new Latency();
  let busiestShare = 0;
  for (const part of parts) {
    addCounts(counts, part.counts);
    latency.addEncoded(part.latency);
    service.addEncoded(part.service);
    lag.addEncoded(part.lag);
    busiestShare = Math.max(busiestShare, part.busyShare);
    for (const [code, count] of Object.entries(part.failures)) {
      failures[code] = (failures[code] ?? 0) + count;
    }
  }
  return {
    counts,
    failures,
    latency: latency.times,
    service: service.times,
    lag: lag.times,
    busiestShare,
  };
}
