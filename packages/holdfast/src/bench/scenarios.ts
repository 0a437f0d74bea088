/** What a scenario runs with unless told otherwise. */
export interface ScenarioDefaults {
  readonly connections: number;
  readonly channels: number;
  readonly subscriptions: number;
  readonly perSecond: number;
  /** One line for `--help`. */
  readonly summary: string;
}

/** The scenarios of `holdfast bench`, by name. */
export const scenarioDefaults = {
  fanout: {
    connections: 1_000,
    channels: 1,
    subscriptions: 1,
    perSecond: 50,
    summary: "one channel, everybody subscribed",
  },
  echo: {
    connections: 100,
    channels: 1,
    subscriptions: 1,
    perSecond: 2_000,
    summary: "round trips: --method, or the protocol's ping",
  },
  chat: {
    connections: 1_000,
    channels: 200,
    subscriptions: 4,
    perSecond: 200,
    summary: "many channels, everybody in a few and publishing",
  },
  ticker: {
    connections: 1_000,
    channels: 1,
    subscriptions: 1,
    perSecond: 200,
    summary: "ephemeral values by key; only the newest counts",
  },
  idle: {
    connections: 5_000,
    channels: 100,
    subscriptions: 1,
    perSecond: 1,
    summary: "connected and quiet: memory per connection",
  },
  storm: {
    connections: 1_000,
    channels: 1,
    subscriptions: 1,
    perSecond: 1,
    summary: "everybody is cut, misses something and resumes",
  },
  ramp: {
    connections: 1_000,
    channels: 1,
    subscriptions: 1,
    perSecond: 20,
    summary: "fanout, ever faster until --p99-limit is passed",
  },
} as const satisfies Record<string, ScenarioDefaults>;
