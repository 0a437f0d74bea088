import { Latency } from "./latency.js";

/** What happened to the clients of a process, in numbers that can be added up. */
export interface Counts {
  opened: number;
  lost: number;
  subscribed: number;
  sent: number;
  answered: number;
  /** Deliveries that what was acknowledged should make. */
  expected: number;
  received: number;
  /** Offsets that were skipped. */
  missing: number;
  /** Offsets that came again. */
  repeated: number;
  resumed: number;
  resets: number;
}

/** Counts of nothing. */
export function noCounts(): Counts {
  return {
    opened: 0,
    lost: 0,
    subscribed: 0,
    sent: 0,
    answered: 0,
    expected: 0,
    received: 0,
    missing: 0,
    repeated: 0,
    resumed: 0,
    resets: 0,
  };
}

const countNames = Object.keys(noCounts()) as readonly (keyof Counts)[];

/** Adds `more` to `counts`. */
export function addCounts(counts: Counts, more: Counts): void {
  for (const name of countNames) counts[name] += more[name];
}

/** What a process hands over at the end of a measurement. */
export interface Measured {
  readonly counts: Counts;
  /** Failures by their code. */
  readonly failures: Readonly<Record<string, number>>;
  /** Encoded histograms; see `Tally`. */
  readonly latency: string;
  readonly service: string;
  readonly lag: string;
  /** Share of the time the process was busy. */
  readonly busyShare: number;
}

/** Payloads carry times in microseconds, so that one at the very edge may look earlier. */
const roundingMs = 0.001;
/** Kinds of failure that are told apart. */
const maxFailureCodes = 32;

/** Everything one process counts. */
export class Tally {
  readonly counts = noCounts();
  readonly failures = new Map<string, number>();
  /** From when an operation was due until it was answered or delivered. */
  readonly latency = new Latency();
  /** From when it really left. */
  readonly service = new Latency();
  /** How late it left: the load generator's own fault. */
  readonly lag = new Latency();
  /** Operations due earlier are not measured, and from later ones on neither. */
  #fromMs = Number.NEGATIVE_INFINITY;
  #untilMs = Number.POSITIVE_INFINITY;

  /** Measures what is due from `fromMs` until `untilMs`, and forgets what it measured. */
  measure(fromMs: number, untilMs: number): void {
    this.#fromMs = fromMs;
    this.#untilMs = untilMs;
    this.failures.clear();
    for (const histogram of [this.latency, this.service, this.lag]) histogram.reset();
    const { opened, lost, subscribed } = this.counts;
    Object.assign(this.counts, noCounts(), { opened, lost, subscribed });
  }

  left(dueMs: number, leftMs: number): void {
    if (this.#counts(dueMs)) this.lag.add(leftMs - dueMs);
  }

  arrived(dueMs: number, leftMs: number, nowMs: number): void {
    if (!this.#counts(dueMs)) return;
    this.latency.add(nowMs - dueMs);
    this.service.add(nowMs - leftMs);
  }

  failed(code: string): void {
    const known = this.failures.has(code) || this.failures.size < maxFailureCodes;
    const name = known ? code : "other";
    this.failures.set(name, (this.failures.get(name) ?? 0) + 1);
  }

  measured(busyShare: number): Measured {
    return {
      counts: { ...this.counts },
      failures: Object.fromEntries(this.failures),
      latency: this.latency.encode(),
      service: this.service.encode(),
      lag: this.lag.encode(),
      busyShare,
    };
  }

  #counts(dueMs: number): boolean {
    return dueMs >= this.#fromMs - roundingMs && dueMs < this.#untilMs - roundingMs;
  }
}
