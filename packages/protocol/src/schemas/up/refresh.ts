import { type Static, Type } from "typebox";
import { RequestId } from "../fields.js";

/** Hands in a fresh token before the old one expires; the user must stay the same. */
export const Refresh = Type.Object({
  type: Type.Literal("refresh"),
  id: Type.Optional(RequestId),
  token: Type.String({ minLength: 1, maxLength: 16_384 }),
});
export type Refresh = Static<typeof Refresh>;
