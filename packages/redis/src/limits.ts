import { defaultsOf, integer, type OptionDeclaration, type OptionValues } from "@holdfast/core";

/** The Redis engine's limits; every structure it holds, here and on the server, is bounded by one. */
export const redisLimits = {
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
  maxKeysPerChannel: integer(100_000, {
    unit: "count",
    min: 1,
    description:
      "Publish keys remembered per channel; past it keyed publishes are refused as `busy` rather than an old key forgotten early.",
  }),
  sessionIdleMs: integer(600_000, {
    unit: "ms",
    min: 1,
    description:
      "A publisher session unused for this long is forgotten; never less than `keyWindowMs`.",
  }),
  maxSessionsPerChannel: integer(10_000, {
    unit: "count",
    min: 1,
    description:
      "Publisher sessions remembered per channel; past it, and with none idle, new sessions are refused as `busy`.",
  }),
  maxSessionOutcomes: integer(256, {
    unit: "count",
    min: 1,
    max: 1_024,
    description: "Newest outcomes remembered per publisher session, to answer repeats with.",
  }),
  channelIdleMs: integer(86_400_000, {
    unit: "ms",
    min: 60_000,
    description:
      "A channel nobody follows that was not written to for this long, and for longer than its history is kept, is forgotten unless it has a snapshot; its epoch ends.",
  }),
  maxPageCount: integer(1_000, {
    unit: "count",
    min: 1,
    max: 4_000,
    description: "Entries in one page of history, whatever is asked for.",
  }),
  maxPageBytes: integer(1_048_576, {
    unit: "bytes",
    min: 1,
    description: "Payload bytes in one page of history; a page always holds at least one entry.",
  }),
  maxEntryBytes: integer(1_048_576, {
    unit: "bytes",
    min: 1,
    description: "Payload of one publication, as JSON text or raw bytes.",
  }),
  maxSnapshotBytes: integer(4_194_304, {
    unit: "bytes",
    min: 1,
    description: "State of one stored snapshot, as JSON text.",
  }),
  maxPinnedBytes: integer(16_777_216, {
    unit: "bytes",
    min: 1,
    description:
      "Payload bytes a channel keeps beyond its history bounds because they follow its stored snapshot; past it the snapshot is dropped.",
  }),
  maxPartitionChanges: integer(1_024, {
    unit: "count",
    min: 1,
    description: "Channels remembered as changed per partition; older cursors are incomplete.",
  }),
  maxMembersPerChannel: integer(10_000, {
    unit: "count",
    min: 1,
    description: "Members present in one channel; more are refused as `limit_exceeded`.",
  }),
  presenceLeaseMs: integer(30_000, {
    unit: "ms",
    min: 1_000,
    description: "How long a gateway that stopped without a word keeps its members.",
  }),
  presenceGraceMs: integer(10_000, {
    unit: "ms",
    min: 0,
    description: "How long a member that may come back is kept before its leave is announced.",
  }),
  maxLogBytes: integer(67_108_864, {
    unit: "bytes",
    min: 1,
    description: "Kept entries of one fenced log; past it appends are refused until it is trimmed.",
  }),
  maxLogBatchCount: integer(1_000, {
    unit: "count",
    min: 1,
    max: 3_000,
    description: "Entries in one append to a fenced log.",
  }),
  fenceWindowMs: integer(3_600_000, {
    unit: "ms",
    min: 1,
    description: "How long the fencing token of a deleted log is remembered.",
  }),
  maxLeaseMs: integer(300_000, {
    unit: "ms",
    min: 1,
    description: "Longest time to live a lease may be asked for.",
  }),
  maxServices: integer(10_000, {
    unit: "count",
    min: 1,
    description: "Subjects one link serves at once.",
  }),
  maxOutstandingCalls: integer(10_000, {
    unit: "count",
    min: 1,
    description:
      "Calls one link waits for, and those one service handles unless it says otherwise; more are refused as `busy`.",
  }),
  maxCallMs: integer(300_000, {
    unit: "ms",
    min: 1,
    description: "Longest time a call may be waited for.",
  }),
  maxCallBytes: integer(1_048_576, {
    unit: "bytes",
    min: 1,
    description: "Payload of one call or reply.",
  }),
  maxCommands: integer(10_000, {
    unit: "count",
    min: 1,
    description: "Cluster-wide commands kept to be read again; older cursors are incomplete.",
  }),
  maxCommandBytes: integer(65_536, {
    unit: "bytes",
    min: 1,
    description: "Data of one cluster-wide command, as JSON text.",
  }),
  commandWindowMs: integer(60_000, {
    unit: "ms",
    min: 1,
    description: "How long cluster-wide commands are kept to be read again.",
  }),
  maxNodeBytes: integer(4_096, {
    unit: "bytes",
    min: 1,
    description: "What one gateway says of itself, as JSON text.",
  }),
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
  maxQueuedPublishes: integer(20_000, {
    unit: "count",
    min: 1,
    description: "Publishes of one gateway waiting for their turn; more are refused as `busy`.",
  }),
  maxQueuedBytes: integer(67_108_864, {
    unit: "bytes",
    min: 1,
    description: "Payload bytes of one gateway waiting for their turn; more are refused as `busy`.",
  }),
  commandTimeoutMs: integer(5_000, {
    unit: "ms",
    min: 10,
    description:
      "A command without an answer for this long has an unknown outcome, and its connection is given up.",
  }),
  connectTimeoutMs: integer(5_000, {
    unit: "ms",
    min: 10,
    description: "Longest wait for a connection to a server, and for the first one at start-up.",
  }),
  heartbeatIntervalMs: integer(2_500, {
    unit: "ms",
    min: 10,
    description: "Pause between two messages that a gateway sends itself through each server.",
  }),
  heartbeatTimeoutMs: integer(3_000, {
    unit: "ms",
    min: 10,
    description:
      "A gateway whose own message has not come back for this long takes the connection it should have come by for dead.",
  }),
  maxReconnectDelayMs: integer(2_000, {
    unit: "ms",
    min: 1,
    description: "Longest pause before a lost connection is tried again; the pause is jittered.",
  }),
} as const;

/** Resolved limits of the Redis engine. */
export type RedisLimits = OptionValues<typeof redisLimits>;

/** The limits with defaults filled in; throws RangeError naming a limit that is out of range. */
export function resolveLimits(given: Partial<RedisLimits>): RedisLimits {
  const values: Record<string, number> = { ...defaultsOf(redisLimits) };
  for (const [name, declaration] of Object.entries(redisLimits)) {
    const value = given[name as keyof RedisLimits];
    if (value === undefined) continue;
    const { min = 0, max = Number.MAX_SAFE_INTEGER }: OptionDeclaration<number> = declaration;
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new RangeError(`${name} must be an integer from ${min} to ${max}`);
    }
    values[name] = value;
  }
  const limits = values as RedisLimits;
  // A session forgotten inside the key window would let a repeat of its first publish append twice.
  return { ...limits, sessionIdleMs: Math.max(limits.sessionIdleMs, limits.keyWindowMs) };
}
