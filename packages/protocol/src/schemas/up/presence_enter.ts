import { type Static, Type } from "typebox";
import { ChannelName, Data, RequestId } from "../fields.js";

/** Enters a channel's presence, or updates the data of a member who already did. */
export const PresenceEnter = Type.Object({
  type: Type.Literal("presence_enter"),
  id: Type.Optional(RequestId),
  channel: ChannelName,
  data: Type.Optional(Data),
});
export type PresenceEnter = Static<typeof PresenceEnter>;
