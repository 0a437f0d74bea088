import { type Static, Type } from "typebox";
import { RequestId } from "../fields.js";

/** Answers the client's `ping`. */
export const ServerPong = Type.Object({
  type: Type.Literal("pong"),
  id: Type.Optional(RequestId),
});
export type ServerPong = Static<typeof ServerPong>;
