import { engineLimits, resolveEngineLimits, serverLimits } from "@holdfast/broker/internal";
import { integer, type OptionValues } from "@holdfast/core";

/** The Redis engine's limits; every structure it holds, here and on the server, is bounded by one. */
export const redisLimits = {
  ...engineLimits,
  ...serverLimits,
  partitions: integer(256, {
    unit: "count",
    min: 1,
    max: 16_384,
    description:
      "Partitions that channel names hash into, each with a hash slot of its own; fixed once a store holds data.",
  }),
  keyWindowMs: integer(120_000, {
    unit: "ms",
    min: 1,
    description:
      "How long a publish key and its outcome are remembered at least; kept a quarter longer, so that a step of the server's clock does not shorten it.",
  }),
  maxSessionOutcomes: { ...engineLimits.maxSessionOutcomes, max: 1_024 },
  channelIdleMs: integer(86_400_000, {
    unit: "ms",
    min: 60_000,
    description:
      "A channel nobody follows that was not written to for this long, and for longer than its history is kept, is forgotten unless it has a snapshot; its epoch ends.",
  }),
  maxPageCount: { ...engineLimits.maxPageCount, max: 4_000 },
  maxPartitionChanges: integer(1_024, {
    unit: "count",
    min: 1,
    description: "Channels remembered as changed per partition; older cursors are incomplete.",
  }),
  maxLogBatchCount: { ...engineLimits.maxLogBatchCount, max: 3_000 },
  maxBatchCount: integer(128, {
    unit: "count",
    min: 1,
    max: 500,
    description:
      "Publishes carried out by one call of the script; the server does nothing else meanwhile.",
  }),
  maxBatchBytes: integer(1_048_576, {
    unit: "bytes",
    min: 1,
    description: "Payload bytes in one call of the script; a single larger publish goes alone.",
  }),
  commandTimeoutMs: integer(5_000, {
    unit: "ms",
    min: 10,
    description:
      "A command without an answer for this long has an unknown outcome, and its connection is given up.",
  }),
  heartbeatIntervalMs: integer(2_500, {
    unit: "ms",
    min: 10,
    description: "Pause between two messages that a gateway sends itself through each server.",
  }),
} as const;

/** Resolved limits of the Redis engine. */
export type RedisLimits = OptionValues<typeof redisLimits>;

/** The limits with defaults filled in; throws RangeError naming a limit that is out of range. */
export function resolveLimits(given: Partial<RedisLimits>): RedisLimits {
  return resolveEngineLimits(redisLimits, given);
}
