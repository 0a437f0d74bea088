import { type Static, Type } from "typebox";
import { Bytes, Data, DurationMs, Meta, Method, RequestId } from "../fields.js";

/** Calls a handler of the application and waits for its result. */
export const Call = Type.Object({
  type: Type.Literal("call"),
  id: RequestId,
  method: Method,
  data: Type.Optional(Data),
  bytes: Type.Optional(Bytes),
  /** The caller's patience; the gateway may have less. */
  timeoutMs: Type.Optional(DurationMs),
  meta: Type.Optional(Meta),
});
export type Call = Static<typeof Call>;
