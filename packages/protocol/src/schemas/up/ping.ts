import { type Static, Type } from "typebox";
import { RequestId } from "../fields.js";

/** Asks for a `pong`. */
export const Ping = Type.Object({
  type: Type.Literal("ping"),
  id: Type.Optional(RequestId),
});
export type Ping = Static<typeof Ping>;
