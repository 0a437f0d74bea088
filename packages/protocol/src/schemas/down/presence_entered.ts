import { type Static, Type } from "typebox";
import { ChannelName, RequestId } from "../fields.js";

/** The connection is present in the channel. */
export const PresenceEntered = Type.Object({
  type: Type.Literal("presence_entered"),
  id: Type.Optional(RequestId),
  channel: ChannelName,
});
export type PresenceEntered = Static<typeof PresenceEntered>;
