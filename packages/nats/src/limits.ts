import { engineLimits, resolveEngineLimits, serverLimits } from "@holdfast/broker/internal";
import { integer, type OptionValues } from "@holdfast/core";

/** The NATS engine's limits; every structure it holds, here and on the server, is bounded by one. */
export const natsLimits = {
  ...engineLimits,
  ...serverLimits,
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
  maxSessionOutcomes: { ...engineLimits.maxSessionOutcomes, max: 1_024 },
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
      "Messages of one channel, room or log after which the next one carries the whole state, so that older ones can go. Where the state is long it waits until they are twice as long, for up to sixteen times as many.",
  }),
  maxPageCount: { ...engineLimits.maxPageCount, max: 4_000 },
  maxEntryBytes: integer(524_288, {
    unit: "bytes",
    min: 1,
    description:
      "Payload of one publication, as JSON text or raw bytes; never more than half of the server's `max_payload`.",
  }),
  channelIdleMs: integer(86_400_000, {
    unit: "ms",
    min: 60_000,
    description:
      "A channel nobody follows that was not written to for this long, and for longer than its history is kept, is forgotten unless it has a snapshot or a state; its epoch ends. So is a lease nobody has had for this long.",
  }),
  maxIdleLooks: integer(250, {
    unit: "count",
    min: 1,
    max: 10_000,
    description:
      "Messages of one kind that a stream is looked through for idle channels, rooms, logs and leases each minute, by one gateway for all.",
  }),
  maxScannedMessages: integer(10_000, {
    unit: "count",
    min: 1,
    description:
      "Messages of a stream looked through at a time for channels that changed; past it cursors are incomplete.",
  }),
  maxLogBatchBytes: integer(524_288, {
    unit: "bytes",
    min: 1,
    description:
      "Bytes of the entries in one append to a fenced log; never more than half of the server's `max_payload`.",
  }),
  maxLogBatchCount: { ...engineLimits.maxLogBatchCount, max: 3_000 },
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
  commandTimeoutMs: integer(5_000, {
    unit: "ms",
    min: 10,
    description: "A request without an answer for this long has an unknown outcome.",
  }),
  heartbeatIntervalMs: integer(2_500, {
    unit: "ms",
    min: 10,
    description:
      "Pause between two messages that a gateway sends itself, and between two looks at its streams.",
  }),
} as const;

/** Resolved limits of the NATS engine. */
export type NatsLimits = OptionValues<typeof natsLimits>;

/** The limits with defaults filled in; throws RangeError naming a limit that is out of range. */
export function resolveLimits(given: Partial<NatsLimits>): NatsLimits {
  return resolveEngineLimits(natsLimits, given);
}
