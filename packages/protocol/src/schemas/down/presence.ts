import { type Static, Type } from "typebox";
import { ChannelName, Member, RequestId } from "../fields.js";

/** Who is present: the answer to `presence`, or unasked when changes may have been missed. */
export const PresenceList = Type.Object({
  type: Type.Literal("presence"),
  id: Type.Optional(RequestId),
  channel: ChannelName,
  version: Type.Integer({ minimum: 0 }),
  /** Up to the gateway's bound; `count` is the true number. */
  members: Type.Array(Member),
  count: Type.Integer({ minimum: 0 }),
  /**
   * More are present than changes are told of: `members` is empty, and the count comes again, at a
   * limited rate, when it has changed, until a whole list says that changes follow again.
   */
  countOnly: Type.Optional(Type.Boolean()),
});
export type PresenceList = Static<typeof PresenceList>;
