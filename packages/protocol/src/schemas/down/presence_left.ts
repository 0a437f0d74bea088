import { type Static, Type } from "typebox";
import { ChannelName, RequestId } from "../fields.js";

/** The connection is no longer present in the channel. */
export const PresenceLeft = Type.Object({
  type: Type.Literal("presence_left"),
  id: Type.Optional(RequestId),
  channel: ChannelName,
});
export type PresenceLeft = Static<typeof PresenceLeft>;
