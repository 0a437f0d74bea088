import { type Static, Type } from "typebox";
import { DurationMs } from "../fields.js";

/** Advice before the gateway closes the connection. */
export const Disconnect = Type.Object({
  type: Type.Literal("disconnect"),
  /** The WebSocket close code that follows. */
  code: Type.Integer({ minimum: 1000, maximum: 4999 }),
  /** The close code's name. */
  reason: Type.String(),
  /** Whether to connect again. */
  reconnect: Type.Boolean(),
  /** Wait at least this long … */
  retryAfterMs: Type.Optional(DurationMs),
  /** … plus a uniformly random part of this. */
  spreadMs: Type.Optional(DurationMs),
});
export type Disconnect = Static<typeof Disconnect>;
