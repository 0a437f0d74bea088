import {
  type Clock,
  defaultsOf,
  integer,
  type Logger,
  type OptionDeclaration,
  type OptionValues,
  type Random,
} from "@holdfast/core";

/** The memory engine's limits; every structure it holds is bounded by one of them. */
export const memoryLimits = {
  partitions: integer(256, {
    unit: "count",
    min: 1,
    max: 65_536,
    description: "Partitions that channel names hash into; changes are asked for per partition.",
  }),
  keyWindowMs: integer(120_000, {
    unit: "ms",
    min: 1,
    description: "How long a publish key and its outcome are remembered.",
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
    description: "Newest outcomes remembered per publisher session, to answer repeats with.",
  }),
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
  maxPageCount: integer(1_000, {
    unit: "count",
    min: 1,
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
      "Payload bytes a channel keeps beyond its history bounds because they follow its stored snapshot; past it the snapshot is dropped, or, where the channel's state is folded from them, publishes are refused as `busy` until a newer one is stored.",
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
    min: 1,
    description: "How long a gateway that stopped without a word keeps its members.",
  }),
  presenceGraceMs: integer(10_000, {
    unit: "ms",
    min: 0,
    description: "How long a member that may come back is kept before its leave is announced.",
  }),
  maxLogs: integer(100_000, {
    unit: "count",
    min: 1,
    description:
      "Fenced logs held, with those deleted within `fenceWindowMs`; more are refused as `busy`.",
  }),
  maxLogBytes: integer(67_108_864, {
    unit: "bytes",
    min: 1,
    description: "Kept entries of one fenced log; past it appends are refused until it is trimmed.",
  }),
  maxLogBatchCount: integer(1_000, {
    unit: "count",
    min: 1,
    description: "Entries in one append to a fenced log.",
  }),
  fenceWindowMs: integer(3_600_000, {
    unit: "ms",
    min: 1,
    description: "How long the fencing token of a deleted log is remembered.",
  }),
  maxLeases: integer(100_000, {
    unit: "count",
    min: 1,
    description: "Leases held at once; more are refused as `busy`.",
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

/** The values of a table of limits, with defaults filled in; throws RangeError naming one out of range. */
export function resolveTable<Table extends Readonly<Record<string, OptionDeclaration<number>>>>(
  table: Table,
  given: Partial<OptionValues<Table>>,
): OptionValues<Table> {
  const values: Record<string, unknown> = { ...defaultsOf(table) };
  const wanted: Readonly<Record<string, unknown>> = given;
  for (const [name, { min = 0, max = Number.MAX_SAFE_INTEGER }] of Object.entries(table)) {
    const value = wanted[name];
    if (value === undefined) continue;
    if (typeof value !== "number" || !Number.isInteger(value) || value < min || value > max) {
      throw new RangeError(`${name} must be an integer from ${min} to ${max}`);
    }
    values[name] = value;
  }
  return values as OptionValues<Table>;
}

/** The limits with defaults filled in; throws RangeError naming a limit that is out of range. */
export function resolveLimits(given: Partial<MemoryLimits>): MemoryLimits {
  return withCoveredKeys(resolveTable(memoryLimits, given));
}

/** A session forgotten inside the key window would let a repeat of its first publish append twice. */
export function withCoveredKeys<Limits extends MemoryLimits>(limits: Limits): Limits {
  return { ...limits, sessionIdleMs: Math.max(limits.sessionIdleMs, limits.keyWindowMs) };
}
