import { type Static, Type } from "typebox";
import { ChannelName, RequestId } from "../fields.js";

/**
 * The connection is no longer present in the channel; with a `code`, which comes unasked, it is not
 * told of changes there any more either.
 */
export const PresenceLeft = Type.Object({
  type: Type.Literal("presence_left"),
  id: Type.Optional(RequestId),
  channel: ChannelName,
  /** Absent when the client asked for it; otherwise the error code that ended its presence. */
  code: Type.Optional(Type.String()),
  message: Type.Optional(Type.String()),
  /** It may be asked for again. */
  retryable: Type.Optional(Type.Boolean()),
});
export type PresenceLeft = Static<typeof PresenceLeft>;
