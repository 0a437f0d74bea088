import { type Static, Type } from "typebox";
import { Call } from "./up/call.js";
import { Cancel } from "./up/cancel.js";
import { Connect } from "./up/connect.js";
import { History } from "./up/history.js";
import { Ping } from "./up/ping.js";
import { Pong } from "./up/pong.js";
import { Presence } from "./up/presence.js";
import { PresenceEnter } from "./up/presence_enter.js";
import { PresenceLeave } from "./up/presence_leave.js";
import { Publish } from "./up/publish.js";
import { Refresh } from "./up/refresh.js";
import { Subscribe } from "./up/subscribe.js";
import { Unsubscribe } from "./up/unsubscribe.js";

/** Every command by its `type`. */
export const upSchemas = {
  connect: Connect,
  refresh: Refresh,
  subscribe: Subscribe,
  unsubscribe: Unsubscribe,
  publish: Publish,
  history: History,
  presence: Presence,
  presence_enter: PresenceEnter,
  presence_leave: PresenceLeave,
  call: Call,
  cancel: Cancel,
  ping: Ping,
  pong: Pong,
} as const;

/** What a client sends. */
export const UpMessage = Type.Union(Object.values(upSchemas));
export type UpMessage = Static<(typeof upSchemas)[keyof typeof upSchemas]>;
