export type {
  Codec,
  ContractOf,
  ErrorCode,
  Failure,
  HasContract,
  Member,
  Outcome,
  PayloadOf,
  Position,
  PublishedOf,
  ResetReason,
  StateMode,
} from "@holdfast/protocol";
export { formatPosition, parsePosition } from "@holdfast/protocol";
export type { Off } from "./emitter.js";
export { HoldfastError } from "./errors.js";
export type { ClientLimits, ClientOptions, GetToken, TokenRequest } from "./options.js";
export type { Channel, HistoryOptions, HistoryResult } from "./session/channel.js";
export type { CallOptions, Client, ClientEvents } from "./session/client.js";
export type { Done, Presence } from "./session/presence.js";
export type { PresenceEvent, PresentUser } from "./session/presence-event.js";
export type { PublishOptions, PublishReceipt, PublishResult } from "./session/publisher.js";
export type { ClientState } from "./socket/link.js";
export type {
  EphemeralPublication,
  Publication,
  ResetEvent,
  StateEvent,
  SubscribeOptions,
  SubscriptionEvents,
} from "./subscription/events.js";
export type { Subscription } from "./subscription/subscription.js";
