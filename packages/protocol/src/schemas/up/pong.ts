import { type Static, Type } from "typebox";

/** Answers the gateway's `ping`. */
export const Pong = Type.Object({
  type: Type.Literal("pong"),
});
export type Pong = Static<typeof Pong>;
