import { type Static, Type } from "typebox";
import { RequestId } from "../fields.js";

/** Opens the session. Optional: the first other command connects with what the handshake carried. */
export const Connect = Type.Object({
  type: Type.Literal("connect"),
  id: Type.Optional(RequestId),
  /** Bearer of the identity; absent for anonymous connections and where the handshake already carried it. */
  token: Type.Optional(Type.String({ minLength: 1, maxLength: 16_384 })),
  /** Secret of the client's session, made by the client, kept across reconnects; the newest socket owns it. */
  session: Type.Optional(Type.String({ pattern: "^[A-Za-z0-9_-]{16,64}$", maxLength: 64 })),
  /**
   * Counts the connections of the client's session (0 where it is absent): of two the higher is the
   * newer, whichever arrives first.
   */
  generation: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
  /** Additions to v1 the client understands. */
  features: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 32 })),
});
export type Connect = Static<typeof Connect>;
