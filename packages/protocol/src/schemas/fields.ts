import { type Static, Type } from "typebox";
import { channelNamePattern } from "../channel-name.js";

/** A request's number: 1…2³²−1, unique while the request is outstanding. */
export const RequestId = Type.Integer({ minimum: 1, maximum: 0xffff_ffff });

/** `namespace:name`; case-sensitive. A leading `$` is reserved for the gateway itself. */
export const ChannelName = Type.String({
  pattern: channelNamePattern,
  maxLength: 233,
});

/** Place in a channel's order; 0 is "before the first". */
export const Offset = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

/** Unguessable name of one continuous life of a channel's history. */
export const Epoch = Type.String({ pattern: "^[A-Za-z0-9_-]{1,32}$", maxLength: 32 });

/** Short random identity of one publication, the witness of a position. */
export const PublicationId = Type.String({ pattern: "^[A-Za-z0-9_-]{1,32}$", maxLength: 32 });

/**
 * The last publication handed to the application, with its `id` as witness.
 * Clients return it whole, unknown fields included. `id` is absent at offset 0, and where that
 * publication is retained no longer.
 */
export const Position = Type.Object({
  epoch: Epoch,
  offset: Offset,
  id: Type.Optional(PublicationId),
});
export type Position = Static<typeof Position>;

/** Any I-JSON value (RFC 7493). */
export const Data = Type.Unknown();

/** Opaque bytes: base64 (RFC 4648 §4) in JSON, a byte string in binary codecs; never looked into. */
export const Bytes = Type.Unsafe<Uint8Array>({ type: "string", contentEncoding: "base64" });

/** Publish key of a stored publication (idempotency), conflation key of an ephemeral one. */
export const Key = Type.String({ minLength: 1, maxLength: 128 });

/**
 * A publisher's own order: `seq` counts 1, 2, 3 … per channel within `id`. A higher `generation`
 * (0 where it is absent) begins again at 1 and ends the lower ones for good.
 */
export const PublisherSession = Type.Object({
  id: Type.String({ pattern: "^[A-Za-z0-9_-]{1,32}$", maxLength: 32 }),
  seq: Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }),
  generation: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
});
export type PublisherSession = Static<typeof PublisherSession>;

/** String map of up to 1 KiB in all (`traceparent`). */
export const Meta = Type.Record(
  Type.String({ minLength: 1, maxLength: 64 }),
  Type.String({ maxLength: 1024 }),
  {
    maxProperties: 16,
  },
);

/** Labels of a publication. */
export const Tags = Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { maxItems: 16 });

/** Name of a call: dotted, lower-case words by convention. */
export const Method = Type.String({ pattern: "^[A-Za-z][A-Za-z0-9_.-]{0,127}$", maxLength: 128 });

/** Identity of a user, as the application names it. */
export const User = Type.String({ minLength: 1, maxLength: 256 });

/** One who is present in a channel. `id` is public and stable across reconnects of one client session. */
export const Member = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 64 }),
  user: Type.Optional(User),
  data: Type.Optional(Data),
});
export type Member = Static<typeof Member>;

/** A non-negative span of time in milliseconds. */
export const DurationMs = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

/** A point in time in milliseconds since the Unix epoch. */
export const TimeMs = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });

/**
 * How the state of a channel comes about:
 * - `last`: the newest publication's `data` is the state
 * - `merge`: each publication's `data` is a JSON Merge Patch (RFC 7396) on the state before it
 * - `handler`: the application supplies it, and knows what a publication does to it
 *
 * Before the first publication the state of `last` and `merge` is `null`.
 */
export const StateMode = Type.Union([
  Type.Literal("last"),
  Type.Literal("merge"),
  Type.Literal("handler"),
]);
export type StateMode = Static<typeof StateMode>;

/**
 * Why continuity could not be kept:
 * - `epoch_changed`: the history has a new life without lineage to the position
 * - `history_trimmed`: publications after the position are no longer retained
 * - `position_ahead`: the position is beyond what its epoch holds (a lost suffix had been seen)
 * - `witness_mismatch`: another publication stands at the position's offset
 * - `state_lost`: the engine lost the channel with its state, which begins anew
 * - `replay_exhausted`: the subscription could not catch up within the permitted rounds
 */
export const ResetReason = Type.Union([
  Type.Literal("epoch_changed"),
  Type.Literal("history_trimmed"),
  Type.Literal("position_ahead"),
  Type.Literal("witness_mismatch"),
  Type.Literal("state_lost"),
  Type.Literal("replay_exhausted"),
]);
export type ResetReason = Static<typeof ResetReason>;
