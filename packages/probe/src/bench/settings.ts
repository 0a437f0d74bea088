import type { OpenSocket } from "@holdfast/client/internal";
import type { Clock, Random } from "@holdfast/core";
import type { Codec } from "@holdfast/protocol";

/** What a run can do. */
export const scenarios = ["fanout", "echo", "chat", "ticker", "idle", "storm", "ramp"] as const;
export type Scenario = (typeof scenarios)[number];

/** How large a run may be. */
export const benchLimits = {
  maxConnections: 200_000,
  maxChannels: 100_000,
  maxPerSecond: 1_000_000,
  maxDurationMs: 3_600_000,
  maxPayloadBytes: 65_536,
  maxProcesses: 64,
  /** Steps of a ramp; each is half as much again as the one before. */
  maxRampSteps: 40,
  /** Requests on their way per process; past it the run is ended, since nobody answers. */
  maxOutstanding: 1_000_000,
} as const;

/** What a run does, in numbers. */
export interface BenchSettings {
  readonly scenario: Scenario;
  /** A Holdfast gateway, or any server that sends each message back (only `echo`). */
  readonly target: "holdfast" | "websocket";
  /** What the clients speak. */
  readonly codec: "json" | "msgpack";
  /** `ws://…` or `wss://…` */
  readonly url: string;
  /** Connection token of every client; absent: anonymous. */
  readonly token?: string;
  /** Publish over HTTP with a key instead of as a client. */
  readonly api?: { readonly url: string; readonly key: string };
  /** Namespace of the channels used. */
  readonly namespace: string;
  /** Part of the channel names, so that runs never mix. */
  readonly run: string;
  readonly connections: number;
  readonly channels: number;
  readonly subscriptionsPerConnection: number;
  /** Operations per second of all clients together. */
  readonly perSecond: number;
  /** Time that is measured, after the warm-up. */
  readonly durationMs: number;
  /** Load before that, which is not counted. */
  readonly warmupMs: number;
  /** Size of what is published or sent, as JSON. */
  readonly payloadBytes: number;
  /** `echo`: the call to make; absent: the protocol's own `ping`, which every gateway answers. */
  readonly method?: string;
  /** `storm`: publications that everybody misses. */
  readonly missed: number;
  /** `ramp`: the p99 at which it ends. */
  readonly p99LimitMs: number;
  /** Connections begun per second of all processes together. */
  readonly opensPerSecond: number;
}

/** What the platform supplies. `clock.monoMs` is the same in all processes of the machine. */
export interface BenchPlatform {
  readonly clock: Clock;
  readonly random: Random;
  readonly codec: Codec;
  readonly openSocket: OpenSocket;
  /** Posts JSON with a bearer key; the answer's status, or 0 when there was none. */
  post(url: string, key: string, body: unknown): Promise<number>;
  /** Share of the time that this process was busy since the last question, 0…1. */
  busyShare(): number;
}

/** The part of a run that one process does: the connections `index`, `index + of`, `index + 2 of` … */
export interface Share {
  readonly index: number;
  readonly of: number;
}

/** Numbers of a share's connections. */
export function connectionsOf({ connections }: BenchSettings, share: Share): readonly number[] {
  const numbers: number[] = [];
  for (let number = share.index; number < connections; number += share.of) numbers.push(number);
  return numbers;
}

/** Why the settings are refused; `undefined` when they are fine. */
export function refusalOf(settings: BenchSettings): string | undefined {
  const { connections, channels, subscriptionsPerConnection, perSecond, durationMs } = settings;
  const { scenario, target, payloadBytes } = settings;
  const checks: readonly (readonly [string, number, number, number])[] = [
    ["connections", connections, 1, benchLimits.maxConnections],
    ["channels", channels, 1, benchLimits.maxChannels],
    ["subscriptions per connection", subscriptionsPerConnection, 1, channels],
    ["operations per second", perSecond, 1, benchLimits.maxPerSecond],
    ["duration in milliseconds", durationMs, 100, benchLimits.maxDurationMs],
    ["payload in bytes", payloadBytes, 1, benchLimits.maxPayloadBytes],
  ];
  for (const [what, value, min, max] of checks) {
    if (!(value >= min && value <= max)) return `${what}: expected ${min} to ${max}, not ${value}.`;
  }
  if (target === "websocket" && scenario !== "echo" && scenario !== "idle") {
    return `A bare WebSocket echo can only be measured with the scenarios echo and idle, not with ${scenario}.`;
  }
  return undefined;
}
