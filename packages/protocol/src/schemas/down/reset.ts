import { type Static, Type } from "typebox";
import { ChannelName, Data, Offset, Position, ResetReason } from "../fields.js";

/** Continuity of a live subscription could not be kept; everything the application holds of the channel is to be replaced. */
export const Reset = Type.Object({
  type: Type.Literal("reset"),
  channel: ChannelName,
  reason: ResetReason,
  /** Where the publications that follow start. */
  position: Position,
  top: Offset,
  /** The channel's whole state at `position`; present exactly where the channel has state. */
  state: Type.Optional(Data),
});
export type Reset = Static<typeof Reset>;
