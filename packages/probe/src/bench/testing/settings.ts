import type { BenchSettings } from "../settings.js";

/** A small run. */
export const testSettings: BenchSettings = {
  scenario: "fanout",
  target: "holdfast",
  codec: "json",
  url: "ws://toy/ws",
  namespace: "bench",
  run: "r",
  connections: 10,
  channels: 1,
  subscriptionsPerConnection: 1,
  perSecond: 100,
  durationMs: 2_000,
  warmupMs: 500,
  payloadBytes: 128,
  missed: 3,
  p99LimitMs: 50,
  opensPerSecond: 1_000,
};
