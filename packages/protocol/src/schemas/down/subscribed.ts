import { type Static, Type } from "typebox";
import {
  ChannelName,
  Data,
  Offset,
  Position,
  RequestId,
  ResetReason,
  StateMode,
} from "../fields.js";

/** A subscription has begun. */
export const Subscribed = Type.Object({
  type: Type.Literal("subscribed"),
  id: Type.Optional(RequestId),
  channel: ChannelName,
  /** true: the publications that follow continue exactly after the position given. */
  resumed: Type.Boolean(),
  /** Where the publications that follow start: the first one has the next offset. */
  position: Type.Optional(Position),
  /** Where the replay ends and the live stream begins. */
  top: Type.Optional(Offset),
  /** false: offsets may be skipped legitimately (filter, conflation) or do not exist (ephemeral channel). */
  contiguous: Type.Boolean(),
  /** Why a given position could not be resumed; present exactly when one was given and `resumed` is false. */
  reason: Type.Optional(ResetReason),
  /** How the channel's state comes about; present exactly where the channel has state (feature `state`). */
  mode: Type.Optional(StateMode),
  /**
   * The channel's whole state at `position`; present exactly where the channel has state and the
   * subscription does not resume. The publications that follow are to be folded into it.
   */
  state: Type.Optional(Data),
  /** MessagePack: the number that stands for the channel in what is pushed from now on. */
  ref: Type.Optional(Type.Integer({ minimum: 1, maximum: 0xffff_ffff })),
});
export type Subscribed = Static<typeof Subscribed>;
