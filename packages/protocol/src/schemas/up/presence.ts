import { type Static, Type } from "typebox";
import { ChannelName, RequestId } from "../fields.js";

/** Asks who is present in a channel. */
export const Presence = Type.Object({
  type: Type.Literal("presence"),
  id: Type.Optional(RequestId),
  channel: ChannelName,
  /** true: also send changes from now on; false: stop sending them; absent: only the list. */
  watch: Type.Optional(Type.Boolean()),
});
export type Presence = Static<typeof Presence>;
