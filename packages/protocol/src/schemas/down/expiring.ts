import { type Static, Type } from "typebox";
import { DurationMs } from "../fields.js";

/** The credentials end soon; send `refresh`. */
export const Expiring = Type.Object({
  type: Type.Literal("expiring"),
  inMs: DurationMs,
});
export type Expiring = Static<typeof Expiring>;
