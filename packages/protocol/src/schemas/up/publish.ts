import { type Static, Type } from "typebox";
import {
  Bytes,
  ChannelName,
  Data,
  Key,
  Meta,
  Offset,
  PublisherSession,
  RequestId,
  Tags,
} from "../fields.js";

/** Appends a publication to a channel, or sends an ephemeral one. */
export const Publish = Type.Object({
  type: Type.Literal("publish"),
  id: Type.Optional(RequestId),
  channel: ChannelName,
  /** Exactly one of `data` and `bytes`. */
  data: Type.Optional(Data),
  bytes: Type.Optional(Bytes),
  /** Never stored, may be dropped or conflated (per `key`). */
  ephemeral: Type.Optional(Type.Boolean()),
  key: Type.Optional(Key),
  session: Type.Optional(PublisherSession),
  /** Publish only if the channel's newest offset is this one (compare-and-publish). */
  expectedOffset: Type.Optional(Offset),
  tags: Type.Optional(Tags),
  meta: Type.Optional(Meta),
});
export type Publish = Static<typeof Publish>;
