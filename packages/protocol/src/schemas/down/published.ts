import { type Static, Type } from "typebox";
import { ChannelName, Epoch, Offset, RequestId } from "../fields.js";

/** A publish was carried out at the engine's declared durability. */
export const Published = Type.Object({
  type: Type.Literal("published"),
  id: Type.Optional(RequestId),
  channel: ChannelName,
  /** Absent for an ephemeral publication. */
  offset: Type.Optional(Offset),
  epoch: Type.Optional(Epoch),
  /** The publish key had been seen: this is the first outcome. */
  duplicate: Type.Optional(Type.Boolean()),
});
export type Published = Static<typeof Published>;
