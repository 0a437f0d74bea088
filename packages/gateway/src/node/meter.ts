import type { Counter, Gauge, Histogram, Meter, MetricDeclaration } from "@holdfast/core";
import {
  collectDefaultMetrics,
  Counter as PromCounter,
  Gauge as PromGauge,
  Histogram as PromHistogram,
  Registry,
} from "prom-client";

/** Label combinations one metric may have; a further one is counted nowhere rather than kept for ever. */
const MAX_SERIES_PER_METRIC = 1_000;

/** A meter whose instruments Prometheus can scrape. */
export interface PrometheusMeter extends Meter {
  /** The exposition format's media type. */
  readonly contentType: string;
  /** The exposition of everything measured. */
  expose(): Promise<string>;
}

type Labels = Readonly<Record<string, string>>;
type Metric = PromCounter | PromGauge | PromHistogram;

const nothing: Counter & Gauge & Histogram = { add() {}, set() {}, observe() {} };

/**
 * A meter with a prom-client registry of its own, so that two gateways in one process,
 * and the application's own metrics, do not meet.
 */
export function createPrometheusMeter(options: {
  readonly process: boolean;
  /** Which of several processes this is; a label of everything. */
  readonly worker?: string | undefined;
}): PrometheusMeter {
  const registry = new Registry();
  if (options.worker !== undefined) registry.setDefaultLabels({ worker: options.worker });
  if (options.process) collectDefaultMetrics({ register: registry });
  const instruments = new Map<string, Map<string, Counter & Gauge & Histogram>>();
  const registered = new Map<string, Metric>();
  const sums: Sum[] = [];

  const instrument = (declaration: MetricDeclaration, labels: Labels = {}) => {
    let series = instruments.get(declaration.name);
    if (series === undefined) {
      series = new Map();
      instruments.set(declaration.name, series);
    }
    const id = JSON.stringify(Object.entries(labels).sort());
    const known = series.get(id);
    if (known !== undefined) return known;
    if (series.size >= MAX_SERIES_PER_METRIC) return nothing;
    let metric = registered.get(declaration.name);
    if (metric === undefined) {
      metric = register(registry, declaration);
      registered.set(declaration.name, metric);
    }
    const made = bind(metric, labels, sums);
    series.set(id, made);
    return made;
  };

  return {
    counter: instrument,
    gauge: instrument,
    histogram: instrument,
    contentType: registry.contentType,
    expose: () => {
      for (const sum of sums) sum.giveAway();
      return registry.metrics();
    },
  };
}

/**
 * A counter that gives its sum to prom-client when somebody looks: most are counted many thousand
 * times as often as they are scraped.
 */
class Sum implements Counter {
  readonly #give: (value: number) => void;
  #value = 0;

  constructor(give: (value: number) => void) {
    this.#give = give;
  }

  add(value = 1): void {
    this.#value += value;
  }

  giveAway(): void {
    if (this.#value !== 0) this.#give(this.#value);
    this.#value = 0;
  }
}

function register(registry: Registry, declaration: MetricDeclaration): Metric {
  const base = {
    name: declaration.name,
    help: declaration.help,
    labelNames: [...(declaration.labels ?? [])],
    registers: [registry],
  };
  if (declaration.kind === "counter") return new PromCounter(base);
  if (declaration.kind === "gauge") return new PromGauge(base);
  const { buckets } = declaration;
  return new PromHistogram(buckets === undefined ? base : { ...base, buckets: [...buckets] });
}

function bind(metric: Metric, labels: Labels, sums: Sum[]): Counter & Gauge & Histogram {
  if (metric instanceof PromCounter) {
    const child = metric.labels(labels);
    const sum = new Sum((value) => child.inc(value));
    sums.push(sum);
    return Object.assign(sum, { set: nothing.set, observe: nothing.observe });
  }
  if (metric instanceof PromGauge) {
    const child = metric.labels(labels);
    return { ...nothing, set: (value) => child.set(value) };
  }
  const child = metric.labels(labels);
  return { ...nothing, observe: (value) => child.observe(value) };
}
