import { type Static, Type } from "typebox";

/** Application-level heartbeat; answer with `pong`. Negotiated connections only. */
export const ServerPing = Type.Object({
  type: Type.Literal("ping"),
});
export type ServerPing = Static<typeof ServerPing>;
