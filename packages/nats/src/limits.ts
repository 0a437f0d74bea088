import { defaultsOf, integer, type OptionDeclaration, type OptionValues } from "@holdfast/core";

/** The NATS engine's limits; every structure it holds, here and on the server, is bounded by one. */
export const natsLimits = {
  partitions: integer(256, {
    unit: "count",
    min: 1,
    max: 16_384,
    description: "Partitions that channel names hash into; fixed once a store holds data.",
  }),
  streams: integer(4, {
    unit: "count",
    min: 1,
    max: 256,
    description:
      "JetStream streams that the partitions are spread over; fixed once a store holds data.",
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
    max: 1_024,
    description: "Newest outcomes remembered per publisher session, to answer repeats with.",
  }),
  maxCachedChannels: integer(10_000, {
    unit: "count",
    min: 1,
    description:
      "Channels, rooms and logs whose folded state one gateway keeps at hand; the least recently used ones are read again when they are asked for.",
  }),
  maxCachedBytes: integer(134_217_728, {
    unit: "bytes",
    min: 1,
    description: "Bytes of folded state one gateway keeps at hand.",
  }),
  checkpointCount: integer(64, {
    unit: "count",
    min: 1,
    max: 10_000,
    description:
      "Messages of one channel, room or log after which the next one carries the whole state, so that older ones can go.",
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
  maxEntryBytes: integer(524_288, {
    unit: "bytes",
    min: 1,
    description:
      "Payload of one publication, as JSON text or raw bytes; never more than half of the server's `max_payload`.",
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
      "Payload bytes a channel keeps beyond its history bounds because they follow its stored snapshot; past it the snapshot is dropped, or publishes are refused as `busy` where the state is folded from them.",
  }),
  maxScannedMessages: integer(10_000, {
    unit: "count",
    min: 1,
    description:
      "Messages of a stream looked through at a time for channels that changed; past it cursors are incomplete.",
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
  maxLogBatchBytes: integer(524_288, {
    unit: "bytes",
    min: 1,
    description:
      "Bytes of the entries in one append to a fenced log; never more than half of the server's `max_payload`.",
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
    description: "Publishes of one channel that one message carries.",
  }),
  maxBatchBytes: integer(262_144, {
    unit: "bytes",
    min: 1,
    description: "Payload bytes in one message; a single larger publish goes alone.",
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
    description: "A request without an answer for this long has an unknown outcome.",
  }),
  connectTimeoutMs: integer(5_000, {
    unit: "ms",
    min: 10,
    description: "Longest wait for a connection to a server, and for the first one at start-up.",
  }),
  heartbeatIntervalMs: integer(2_500, {
    unit: "ms",
    min: 10,
    description:
      "Pause between two messages that a gateway sends itself, and between two looks at its streams.",
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

/** Resolved limits of the NATS engine. */
export type NatsLimits = OptionValues<typeof natsLimits>;

/** The limits with defaults filled in; throws RangeError naming a limit that is out of range. */
export function resolveLimits(given: Partial<NatsLimits>): NatsLimits {
  const values: Record<string, number> = { ...defaultsOf(natsLimits) };
  for (const [name, declaration] of Object.entries(natsLimits)) {
    const value = given[name as keyof NatsLimits];
    if (value === undefined) continue;
    const { min = 0, max = Number.MAX_SAFE_INTEGER }: OptionDeclaration<number> = declaration;
    if (!Number.isInteger(value) || value < min || value > max) {
      throw new RangeError(`${name} must be an integer from ${min} to ${max}`);
    }
    values[name] = value;
  }
  const limits = values as NatsLimits;
  // A session forgotten inside the key window would let a repeat of its first publish append twice.
  return { ...limits, sessionIdleMs: Math.max(limits.sessionIdleMs, limits.keyWindowMs) };
}
