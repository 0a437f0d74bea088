import { type Static, Type } from "typebox";
import { ChannelName, Epoch, Offset, RequestId } from "../fields.js";
import { Publication } from "./publication.js";

/** Answer to `history`. */
export const HistoryPage = Type.Object({
  type: Type.Literal("history"),
  id: Type.Optional(RequestId),
  channel: ChannelName,
  epoch: Epoch,
  /** Offset of the newest publication of the channel. */
  top: Offset,
  /** Offset of the oldest retained publication; top + 1 when nothing is retained. */
  first: Offset,
  publications: Type.Array(Publication),
});
export type HistoryPage = Static<typeof HistoryPage>;
