import { type Static, Type } from "typebox";
import { DurationMs, RequestId } from "../fields.js";

/** The fresh token was taken. */
export const Refreshed = Type.Object({
  type: Type.Literal("refreshed"),
  id: Type.Optional(RequestId),
  expiresInMs: Type.Optional(DurationMs),
});
export type Refreshed = Static<typeof Refreshed>;
