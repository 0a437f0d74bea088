import { type Static, Type } from "typebox";
import { ChannelName, Member } from "../fields.js";

/** A change of a channel's presence. */
export const PresenceChange = Type.Object({
  type: Type.Literal("presence_change"),
  channel: ChannelName,
  version: Type.Integer({ minimum: 0 }),
  action: Type.Union([Type.Literal("enter"), Type.Literal("update"), Type.Literal("leave")]),
  member: Member,
  count: Type.Integer({ minimum: 0 }),
});
export type PresenceChange = Static<typeof PresenceChange>;
