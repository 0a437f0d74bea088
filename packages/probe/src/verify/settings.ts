import type { OpenSocket } from "@holdfast/client/internal";
import type { Clock, Random } from "@holdfast/core";
import type { Codec } from "@holdfast/protocol";
import type { Bounds } from "../checker/bounds.js";
import type { HistoryFact } from "../checker/history.js";

/** How large a run may be; the recording stays in memory until it is judged. */
export const verifyLimits = {
  maxDurationMs: 3_600_000,
  maxConnections: 5_000,
  maxChannels: 1_000,
  maxPublishesPerSecond: 5_000,
  /** Recorded events; a run expected to make more is refused before it begins. */
  maxEvents: 4_000_000,
} as const;

/** What a run does, in numbers. */
export interface VerifySettings {
  /** `ws://…` or `wss://…` of the gateway's WebSocket. */
  readonly url: string;
  /** Connection token of every client; absent: anonymous. */
  readonly token?: string;
  /** Namespace of the channels used; the deployment must have a rule with history for it. */
  readonly namespace: string;
  readonly durationMs: number;
  readonly connections: number;
  readonly channels: number;
  readonly subscriptionsPerConnection: number;
  readonly publishesPerSecond: number;
  /** Connections the clients themselves cut per second, without a goodbye. */
  readonly dropsPerSecond: number;
  /** Unguessable name of the run: part of its channel names, so that runs never mix. */
  readonly run: string;
  /** Times of the deployment that differ from the contract's. */
  readonly bounds?: Partial<Bounds>;
}

/** What the platform supplies. */
export interface VerifyPlatform {
  readonly clock: Clock;
  readonly random: Random;
  /** The clients take them in turn. */
  readonly codecs: readonly [Codec, ...Codec[]];
  readonly openSocket: OpenSocket;
}

/** Whoever injects faults while the clients work. */
export interface FaultInjector {
  start(record: (fact: HistoryFact) => void): void;
  /** Settles when every fault is over and everything that was ended runs again. */
  stop(): Promise<void>;
  /** How many of each kind so far. */
  readonly counts: Readonly<Record<string, number>>;
  /** What went wrong with the system under test that no client can see (a gateway that ended by itself). */
  readonly findings: readonly string[];
}

/** Events a run of this size records, roughly. */
export function expectedEvents(settings: VerifySettings): number {
  const { durationMs, publishesPerSecond, connections, channels } = settings;
  const readers = (connections * settings.subscriptionsPerConnection) / channels;
  return Math.ceil((durationMs / 1_000) * publishesPerSecond * (readers + 3));
}

/** Why the settings are refused; `undefined` when they are fine. */
export function refusalOf(settings: VerifySettings): string | undefined {
  const { connections, channels, publishesPerSecond, durationMs } = settings;
  const checks: readonly (readonly [string, number, number, number])[] = [
    ["duration in milliseconds", durationMs, 1_000, verifyLimits.maxDurationMs],
    ["connections", connections, 1, verifyLimits.maxConnections],
    ["channels", channels, 1, verifyLimits.maxChannels],
    ["subscriptions per connection", settings.subscriptionsPerConnection, 1, channels],
    ["publishes per second", publishesPerSecond, 1, verifyLimits.maxPublishesPerSecond],
  ];
  for (const [what, value, min, max] of checks) {
    if (!(value >= min && value <= max)) return `${what}: expected ${min} to ${max}, not ${value}.`;
  }
  const events = expectedEvents(settings);
  if (events <= verifyLimits.maxEvents) return undefined;
  return `A run of this size would record about ${events} events; ${verifyLimits.maxEvents} fit. Take a shorter duration, fewer publishes per second, fewer connections or more channels.`;
}
