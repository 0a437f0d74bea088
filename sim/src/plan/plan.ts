import { SeededRandom } from "@holdfast/core/testing";
import type { ChannelKind } from "../state/kinds.js";
import { engineFaults, type Fault, type FaultKind, faultKinds } from "./faults.js";

/** Bounds of the history of the channels of a run. */
export interface HistoryShape {
  readonly maxCount: number;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

/** What a seed decides before anything runs. */
export interface Plan {
  readonly seed: number;
  readonly gateways: number;
  readonly clients: number;
  readonly channels: readonly string[];
  readonly history: HistoryShape;
  /** That of the channels with state, which may be shorter: their snapshots stand for what is gone. */
  readonly stateHistory: HistoryShape;
  /** Average pause between two actions of one client, in milliseconds. */
  readonly pauseMs: number;
  readonly latencyMs: number;
  readonly bytesPerMs: number;
  /** Part of the relay's messages that are lost without a word. */
  readonly relayDrop: number;
  readonly relayDelayMs: number;
  /** Life of a client's token; 0: it does not end. */
  readonly tokenLifeMs: number;
  readonly faults: readonly Fault[];
  /** The seed of everything that is decided on the way. */
  readonly courseSeed: number;
}

/** Time in which faults begin, in milliseconds. */
export const faultyMs = 14_000;

const longHistory: HistoryShape = { maxCount: 5_000, maxBytes: 8_388_608, maxAgeMs: 3_600_000 };
const shortHistory: HistoryShape = { maxCount: 12, maxBytes: 1_048_576, maxAgeMs: 3_600_000 };
const agingHistory: HistoryShape = { maxCount: 5_000, maxBytes: 8_388_608, maxAgeMs: 6_000 };

/** Draws a run from a seed. The intensity of everything varies with it. */
export function planOf(seed: number): Plan {
  const random = new SeededRandom(seed);
  const courseSeed = random.uint32();
  const crowd = random.chance(0.02);
  const clients = crowd ? 120 + random.int(120) : 3 + random.int(9);
  const plan = {
    seed,
    courseSeed,
    gateways: 1 + random.int(3),
    clients,
    channelCount: 1 + random.int(3),
    history: random.pick([longHistory, longHistory, longHistory, shortHistory, agingHistory]),
    pauseMs: crowd ? 20_000 : random.pick([250, 500, 1_000]),
    latencyMs: random.pick([1, 5, 20, 80]),
    bytesPerMs: random.pick([20, 100, 1_000]),
    relayDrop: random.pick([0, 0, 0.02, 0.2]),
    relayDelayMs: random.pick([0, 0, 5, 50]),
    tokenLifeMs: random.pick([0, 0, 6_000]),
    faults: faultsOf(random.fork()),
  };
  return {
    ...plan,
    channels: channelsOf(plan.channelCount, plan.faults, random),
    stateHistory: random.pick([plan.history, { ...plan.history, maxCount: 1 }]),
  };
}

const kinds: readonly ChannelKind[] = ["room", "room", "room", "merge", "merge", "last"];

/**
 * Channels with state in two runs of three. The application's data outlives what an engine loses, so
 * that its state is only comparable where the engine loses nothing.
 */
function channelsOf(
  count: number,
  faults: readonly Fault[],
  random: SeededRandom,
): readonly string[] {
  const isKept = faults.every(({ kind }) => !engineFaults.has(kind) || kind === "unreachable");
  const offered = isKept ? [...kinds, "book" as const, "book" as const] : kinds;
  return Array.from({ length: count }, (_, index) => `${random.pick(offered)}:${index}`);
}

/** How often each kind is drawn, against the others. */
const weights: Readonly<Record<FaultKind, number>> = {
  cut: 8,
  "half-open": 2,
  strand: 5,
  stall: 3,
  kill: 3,
  stop: 2,
  drain: 2,
  "relay-loss": 3,
  unreachable: 2,
  "slow-engine": 3,
  "lost-replies": 2,
  "engine-restart": 1,
  "engine-wipe": 1,
  failover: 2,
  "old-backup": 1,
  "clock-jump": 1,
};

const lottery = faultKinds.flatMap((kind) => Array.from({ length: weights[kind] }, () => kind));

function faultsOf(random: SeededRandom): readonly Fault[] {
  const count = random.pick([0, 2, 5, 10, 20]);
  const faults = Array.from({ length: count }, (): Fault => {
    const kind = random.pick(lottery);
    return {
      kind,
      atMs: 500 + random.int(faultyMs - 500),
      forMs: lastingMs(kind, random),
      target: random.uint32(),
      amount: amountOf(kind, random),
    };
  });
  return faults.sort((a, b) => a.atMs - b.atMs);
}

function lastingMs(kind: FaultKind, random: SeededRandom): number {
  if (kind === "stop") return random.pick([500, 4_000, 45_000]);
  if (kind === "kill" || kind === "drain") return 200 + random.int(4_000);
  return 100 + random.int(6_000);
}

function amountOf(kind: FaultKind, random: SeededRandom): number {
  if (kind === "cut" || kind === "half-open") return random.pick([0, 1, 7, random.int(4_000)]);
  if (kind === "failover") return random.int(4);
  if (kind === "clock-jump") return random.int(3_000) - 1_500;
  return random.int(1_000);
}
