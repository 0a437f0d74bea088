import { type Static, Type } from "typebox";
import { RequestId } from "../fields.js";

/** Gives up an outstanding call; its handler's signal is aborted. */
export const Cancel = Type.Object({
  type: Type.Literal("cancel"),
  /** The `id` of the outstanding call. */
  call: RequestId,
});
export type Cancel = Static<typeof Cancel>;
