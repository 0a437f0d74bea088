import { type Static, Type } from "typebox";
import { ChannelName, RequestId } from "../fields.js";

/** A subscription has ended. */
export const Unsubscribed = Type.Object({
  type: Type.Literal("unsubscribed"),
  id: Type.Optional(RequestId),
  channel: ChannelName,
  /** Absent when the client asked for it; otherwise the error code that ended the subscription. */
  code: Type.Optional(Type.String()),
  message: Type.Optional(Type.String()),
  retryable: Type.Optional(Type.Boolean()),
});
export type Unsubscribed = Static<typeof Unsubscribed>;
