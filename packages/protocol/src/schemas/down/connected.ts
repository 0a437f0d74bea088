import { type Static, Type } from "typebox";
import { DurationMs, RequestId, TimeMs, User } from "../fields.js";

/** The session is open. */
export const Connected = Type.Object({
  type: Type.Literal("connected"),
  id: Type.Optional(RequestId),
  /** Public identity of this client session, as presence shows it. */
  member: Type.String({ minLength: 1, maxLength: 64 }),
  user: Type.Optional(User),
  /** Additions to v1 that are on for this connection. */
  features: Type.Array(Type.String()),
  /** The gateway sends an application-level `ping` this often (0: never, plain connections). */
  pingIntervalMs: DurationMs,
  pongTimeoutMs: DurationMs,
  /** Largest message the gateway takes, in bytes. */
  maxMessageBytes: Type.Integer({ minimum: 0 }),
  /** How long a publish key is remembered. */
  keyWindowMs: DurationMs,
  /** The credentials end in this many milliseconds. */
  expiresInMs: Type.Optional(DurationMs),
  timeMs: TimeMs,
});
export type Connected = Static<typeof Connected>;
