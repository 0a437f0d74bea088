import { type Static, Type } from "typebox";
import { ChannelName, Position, RequestId } from "../fields.js";

/** Asks for a channel's publications, from a position, with the last few, or from now on. */
export const Subscribe = Type.Object({
  type: Type.Literal("subscribe"),
  id: Type.Optional(RequestId),
  channel: ChannelName,
  /** Resume after this position. */
  position: Type.Optional(Position),
  /** Without a position: begin with this many publications of the history. */
  last: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 })),
});
export type Subscribe = Static<typeof Subscribe>;
