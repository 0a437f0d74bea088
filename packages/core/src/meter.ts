/** A number that only goes up. */
export interface Counter {
  add(value?: number): void;
}

/** A number that goes up and down. */
export interface Gauge {
  set(value: number): void;
}

/** A distribution of observed values. */
export interface Histogram {
  observe(value: number): void;
}

/** Declaration of one metric; the list of declarations generates the reference page. */
export interface MetricDeclaration {
  readonly name: string;
  readonly kind: "counter" | "gauge" | "histogram";
  /** One line of help, with the unit. */
  readonly help: string;
  /** Fixed label names; values come from closed sets only, never from users. */
  readonly labels?: readonly string[];
  /** Histogram bucket bounds in the metric's unit. */
  readonly buckets?: readonly number[];
}

/** Hands out instruments for declared metrics. Same declaration and labels give the same instrument. */
export interface Meter {
  counter(declaration: MetricDeclaration, labels?: Readonly<Record<string, string>>): Counter;
  gauge(declaration: MetricDeclaration, labels?: Readonly<Record<string, string>>): Gauge;
  histogram(declaration: MetricDeclaration, labels?: Readonly<Record<string, string>>): Histogram;
}

const nothing = { add() {}, set() {}, observe() {} };

/** A meter that measures nothing. */
export const silentMeter: Meter = {
  counter: () => nothing,
  gauge: () => nothing,
  histogram: () => nothing,
};
