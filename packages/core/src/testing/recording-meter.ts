import type { Counter, Gauge, Histogram, Meter, MetricDeclaration } from "../meter.js";

type Labels = Readonly<Record<string, string>>;

/** A meter whose instruments a test can read. */
export interface RecordingMeter extends Meter {
  /** Sum of a counter, last value of a gauge, number of observations of a histogram; 0 when unused. */
  value(name: string, labels?: Labels): number;
  /** What a histogram observed, in order. */
  observations(name: string, labels?: Labels): readonly number[];
  /** Names of all metrics asked for so far. */
  names(): readonly string[];
}

interface Series extends Counter, Gauge, Histogram {
  value: number;
  readonly observed: number[];
}

function newSeries(): Series {
  const series: Series = {
    value: 0,
    observed: [],
    add(value = 1) {
      if (value < 0) throw new RangeError("a counter only goes up");
      series.value += value;
    },
    set(value) {
      series.value = value;
    },
    observe(value) {
      series.value++;
      series.observed.push(value);
    },
  };
  return series;
}

const keyOf = (name: string, labels: Labels): string =>
  JSON.stringify([name, Object.entries(labels).sort()]);

/**
 * Makes a meter that keeps what it is told. It throws `TypeError` when an instrument is asked for
 * with another kind or other labels than declared, so that a slip fails in the test.
 */
export function recordingMeter(): RecordingMeter {
  const allSeries = new Map<string, Series>();
  const names = new Set<string>();
  const seriesOf = (
    kind: MetricDeclaration["kind"],
    declaration: MetricDeclaration,
    labels: Labels = {},
  ): Series => {
    if (declaration.kind !== kind) throw new TypeError(`${declaration.name} is not a ${kind}`);
    const given = Object.keys(labels).sort().join();
    const declared = [...(declaration.labels ?? [])].sort().join();
    if (given !== declared) {
      throw new TypeError(`${declaration.name} has labels [${declared}], not [${given}]`);
    }
    names.add(declaration.name);
    const key = keyOf(declaration.name, labels);
    let series = allSeries.get(key);
    if (series === undefined) {
      series = newSeries();
      allSeries.set(key, series);
    }
    return series;
  };
  return {
    counter: (declaration, labels) => seriesOf("counter", declaration, labels),
    gauge: (declaration, labels) => seriesOf("gauge", declaration, labels),
    histogram: (declaration, labels) => seriesOf("histogram", declaration, labels),
    value: (name, labels = {}) => allSeries.get(keyOf(name, labels))?.value ?? 0,
    observations: (name, labels = {}) => allSeries.get(keyOf(name, labels))?.observed ?? [],
    names: () => [...names],
  };
}
