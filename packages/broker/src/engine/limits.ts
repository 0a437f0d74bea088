import { defaultsOf, integer, type OptionDeclaration, type OptionValues } from "@holdfast/core";

/** The limits that every engine has, whatever it keeps its channels in. */
export const engineLimits = {
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
} as const;

/** The limits, further to these, of an engine whose channels lie with servers that it reaches over a network. */
export const serverLimits = {
  // A lease that is shorter ends for a single answer that comes late.
  presenceLeaseMs: { ...engineLimits.presenceLeaseMs, min: 1_000 },
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
  connectTimeoutMs: integer(5_000, {
    unit: "ms",
    min: 10,
    description: "Longest wait for a connection to a server, and for the first one at start-up.",
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

type Declarations = typeof engineLimits & Readonly<Record<string, OptionDeclaration<number>>>;

/** An engine's limits with defaults filled in; throws RangeError naming a limit that is out of range. */
export function resolveEngineLimits<Table extends Declarations>(
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
  const limits = values as OptionValues<Table> & OptionValues<typeof engineLimits>;
  // A session forgotten inside the key window would let a repeat of its first publish append twice.
  return { ...limits, sessionIdleMs: Math.max(limits.sessionIdleMs, limits.keyWindowMs) };
}
