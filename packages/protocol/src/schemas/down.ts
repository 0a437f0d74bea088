import { type Static, Type } from "typebox";
import { Connected } from "./down/connected.js";
import { Disconnect } from "./down/disconnect.js";
import { Ephemeral } from "./down/ephemeral.js";
import { ErrorReply } from "./down/error.js";
import { Expiring } from "./down/expiring.js";
import { HistoryPage } from "./down/history.js";
import { ServerPing } from "./down/ping.js";
import { ServerPong } from "./down/pong.js";
import { PresenceList } from "./down/presence.js";
import { PresenceChange } from "./down/presence_change.js";
import { PresenceEntered } from "./down/presence_entered.js";
import { PresenceLeft } from "./down/presence_left.js";
import { Publication } from "./down/publication.js";
import { Published } from "./down/published.js";
import { Refreshed } from "./down/refreshed.js";
import { Reset } from "./down/reset.js";
import { Result } from "./down/result.js";
import { Subscribed } from "./down/subscribed.js";
import { Unsubscribed } from "./down/unsubscribed.js";

/** Every message of the gateway by its `type`. */
export const downSchemas = {
  connected: Connected,
  refreshed: Refreshed,
  expiring: Expiring,
  subscribed: Subscribed,
  unsubscribed: Unsubscribed,
  publication: Publication,
  ephemeral: Ephemeral,
  published: Published,
  reset: Reset,
  history: HistoryPage,
  presence: PresenceList,
  presence_change: PresenceChange,
  presence_entered: PresenceEntered,
  presence_left: PresenceLeft,
  result: Result,
  ping: ServerPing,
  pong: ServerPong,
  disconnect: Disconnect,
  error: ErrorReply,
} as const;

/** What a gateway sends. */
export const DownMessage = Type.Union(Object.values(downSchemas));
export type DownMessage = Static<(typeof downSchemas)[keyof typeof downSchemas]>;
