import { type Static, Type } from "typebox";
import { DurationMs, RequestId } from "../fields.js";

/** A command failed, or the connection did something wrong. */
export const ErrorReply = Type.Object({
  type: Type.Literal("error"),
  id: Type.Optional(RequestId),
  code: Type.String({ pattern: "^[a-z][a-z0-9_]{0,63}$" }),
  message: Type.String(),
  retryable: Type.Boolean(),
  retryAfterMs: Type.Optional(DurationMs),
  /** JSON Pointer (RFC 6901) to the field at fault. */
  field: Type.Optional(Type.String()),
  channel: Type.Optional(Type.String()),
});
export type ErrorReply = Static<typeof ErrorReply>;
