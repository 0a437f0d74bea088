import { type Static, Type } from "typebox";
import { Bytes, ChannelName, Data, Key, Meta, Tags, User } from "../fields.js";

/** An ephemeral publication: not stored, no offset, may be dropped; later ones of a `key` replace earlier ones. */
export const Ephemeral = Type.Object({
  type: Type.Literal("ephemeral"),
  /** `namespace:name`; in MessagePack `ref` stands in its place. */
  channel: ChannelName,
  data: Type.Optional(Data),
  bytes: Type.Optional(Bytes),
  user: Type.Optional(User),
  key: Type.Optional(Key),
  tags: Type.Optional(Tags),
  meta: Type.Optional(Meta),
});
export type Ephemeral = Static<typeof Ephemeral>;
