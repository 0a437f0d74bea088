import {
  build,
  decodeFromCompressedBase64,
  encodeIntoCompressedBase64,
  type Histogram,
} from "hdr-histogram-js";

/** Microseconds are the unit that is counted; three digits of them hold. */
const unitsPerMs = 1_000;
const significantDigits = 3;
/** Longer ones are counted as this; nobody waits so long. */
const maxMs = 600_000;

/** A distribution of times, in milliseconds. */
export interface Times {
  readonly count: number;
  readonly meanMs: number;
  readonly p50Ms: number;
  readonly p90Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
}

/** An HDR histogram of times that can be sent to another process and added up there. */
export class Latency {
  readonly #histogram: Histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: maxMs * unitsPerMs,
    numberOfSignificantValueDigits: significantDigits,
    bitBucketSize: 32,
  });

  /** Counts one; a clock that went back counts as no time at all. */
  add(ms: number): void {
    const units = Math.round(Math.min(Math.max(ms, 0), maxMs) * unitsPerMs);
    this.#histogram.recordValue(units);
  }

  /** Adds what another process counted. */
  addEncoded(text: string): void {
    this.#histogram.add(decodeFromCompressedBase64(text, 32, false));
  }

  encode(): string {
    return encodeIntoCompressedBase64(this.#histogram);
  }

  reset(): void {
    this.#histogram.reset();
  }

  get times(): Times {
    const at = (percent: number) => round(this.#histogram.getValueAtPercentile(percent));
    return {
      count: this.#histogram.totalCount,
      meanMs: this.#histogram.totalCount === 0 ? 0 : round(this.#histogram.mean),
      p50Ms: at(50),
      p90Ms: at(90),
      p99Ms: at(99),
      p999Ms: at(99.9),
      maxMs: this.#histogram.totalCount === 0 ? 0 : round(this.#histogram.maxValue),
    };
  }
}

const round = (units: number) => Math.round(units) / unitsPerMs;
