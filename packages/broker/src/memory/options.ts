import { type Clock, integer, type Logger, type OptionValues, type Random } from "@holdfast/core";
import { engineLimits, resolveEngineLimits } from "../engine/limits.js";

/** The memory engine's limits; every structure it holds is bounded by one of them. */
export const memoryLimits = {
  ...engineLimits,
  maxChannels: integer(1_000_000, {
    unit: "count",
    min: 1,
    description:
      "Channels held; past it idle channels nobody follows are evicted (their epoch ends), and with none idle new channels are refused as `busy`.",
  }),
  channelIdleMs: integer(3_600_000, {
    unit: "ms",
    min: 1,
    description:
      "A channel unused for this long that nobody follows and that retains nothing is evicted; its epoch ends.",
  }),
  sweepIntervalMs: integer(1_000, {
    unit: "ms",
    min: 1,
    description: "Pause between two sweeps for aged entries, expired keys and idle channels.",
  }),
  maxSweptChannels: integer(1_000, {
    unit: "count",
    min: 1,
    description: "Channels looked at in one sweep.",
  }),
  maxPartitionChanges: integer(1_024, {
    unit: "count",
    min: 1,
    description: "Channels remembered as changed per partition; older cursors are incomplete.",
  }),
  maxLogs: integer(100_000, {
    unit: "count",
    min: 1,
    description:
      "Fenced logs held, with those deleted within `fenceWindowMs`; more are refused as `busy`.",
  }),
  maxLeases: integer(100_000, {
    unit: "count",
    min: 1,
    description: "Leases held at once; more are refused as `busy`.",
  }),
  maxLinks: integer(1_024, {
    unit: "count",
    min: 1,
    description: "Gateways linked at once.",
  }),
} as const;

/** Resolved limits of the memory engine. */
export type MemoryLimits = OptionValues<typeof memoryLimits>;

/** What the memory engine is made of; every limit of `memoryLimits` can be set. */
export interface MemoryBrokerOptions extends Partial<MemoryLimits> {
  readonly clock: Clock;
  readonly random: Random;
  /** Hears of listeners that throw. Default: silent. */
  readonly logger?: Logger;
}

/** The limits with defaults filled in; throws RangeError naming a limit that is out of range. */
export function resolveLimits(given: Partial<MemoryLimits>): MemoryLimits {
  return resolveEngineLimits(memoryLimits, given);
}
