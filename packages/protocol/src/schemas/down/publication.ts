import { type Static, Type } from "typebox";
import {
  Bytes,
  ChannelName,
  Data,
  Meta,
  Offset,
  PublicationId,
  Tags,
  TimeMs,
  User,
} from "../fields.js";

/** One entry of a channel. Contains nothing that depends on the recipient. */
export const Publication = Type.Object({
  type: Type.Literal("publication"),
  /** `namespace:name`; in MessagePack `ref` stands in its place. */
  channel: ChannelName,
  offset: Offset,
  id: PublicationId,
  data: Type.Optional(Data),
  bytes: Type.Optional(Bytes),
  /** Stamped by the gateway where the channel rule allows. */
  user: Type.Optional(User),
  timeMs: TimeMs,
  tags: Type.Optional(Tags),
  meta: Type.Optional(Meta),
});
export type Publication = Static<typeof Publication>;
