import { type Static, Type } from "typebox";
import { Bytes, Data, RequestId } from "../fields.js";

/** A call's result. */
export const Result = Type.Object({
  type: Type.Literal("result"),
  id: RequestId,
  data: Type.Optional(Data),
  bytes: Type.Optional(Bytes),
});
export type Result = Static<typeof Result>;
