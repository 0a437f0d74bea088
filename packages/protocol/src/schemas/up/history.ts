import { type Static, Type } from "typebox";
import { ChannelName, Offset, RequestId } from "../fields.js";

/** Reads retained publications without subscribing. */
export const History = Type.Object({
  type: Type.Literal("history"),
  id: Type.Optional(RequestId),
  channel: ChannelName,
  /** Read forward from after this offset; without it, the newest `limit` publications. */
  after: Type.Optional(Offset),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
});
export type History = Static<typeof History>;
