import { type Static, Type } from "typebox";
import { ChannelName, RequestId } from "../fields.js";

/** Leaves a channel's presence. */
export const PresenceLeave = Type.Object({
  type: Type.Literal("presence_leave"),
  id: Type.Optional(RequestId),
  channel: ChannelName,
});
export type PresenceLeave = Static<typeof PresenceLeave>;
