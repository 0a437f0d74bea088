/** Times of a spawned system: short ones, so that a run of a minute sees every timeout pass often. */
export interface SpawnTimes {
  readonly presenceLeaseMs: number;
  readonly presenceGraceMs: number;
}

/** What a spawned gateway is told. */
export interface GatewayArguments {
  /** A port of the run's own engine, or the URL of another. */
  readonly broker: number | string;
  readonly namespace: string;
  readonly maxConnections: number;
  /** Secret of the tokens (HS256), and the key of the HTTP API: both of this run alone. */
  readonly tokenSecret: string;
  readonly apiKey: string;
}

/** What the command told a process it started. */
export function readArguments<T>(argv: readonly string[]): T {
  const [, , text = "{}"] = argv;
  return JSON.parse(text);
}
