import { type Static, Type } from "typebox";
import { ChannelName, RequestId } from "../fields.js";

/** Ends a subscription. */
export const Unsubscribe = Type.Object({
  type: Type.Literal("unsubscribe"),
  id: Type.Optional(RequestId),
  channel: ChannelName,
});
export type Unsubscribe = Static<typeof Unsubscribe>;
