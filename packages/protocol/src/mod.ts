export { decodeBase64, encodeBase64 } from "./base64.js";
export { channelNamePattern, isChannelName } from "./channel-name.js";
export {
  type CloseCode,
  type CloseDeclaration,
  closeCodes,
  shouldReconnect,
} from "./close-codes.js";
export { type Codec, type Decoded, DecodeError, type Payload } from "./codec/codec.js";
export {
  type Action,
  type AnyContract,
  type AuthenticateHandler,
  type AuthenticateRequest,
  type AuthorizeHandler,
  type AuthorizeRequest,
  type CallContext,
  type CallDefinition,
  CallError,
  type Capabilities,
  type Contract,
  type ContractOf,
  call,
  type HasContract,
  type Identity,
  type Outcome,
  type PayloadOf,
  type PublishedOf,
  type SnapshotHandler,
  type SnapshotRequest,
  type StateSnapshot,
  UnavailableError,
} from "./contract.js";
export {
  type ErrorCode,
  type ErrorDeclaration,
  errorCodes,
  type Failure,
  failure,
} from "./errors.js";
export { findIJsonFault, type IJsonFault, type IJsonLimits } from "./i-json.js";
export { formatPosition, parsePosition } from "./position.js";
export type { Connected } from "./schemas/down/connected.js";
export type { Disconnect } from "./schemas/down/disconnect.js";
export type { Ephemeral } from "./schemas/down/ephemeral.js";
export type { ErrorReply } from "./schemas/down/error.js";
export type { HistoryPage } from "./schemas/down/history.js";
export type { PresenceList } from "./schemas/down/presence.js";
export type { PresenceChange } from "./schemas/down/presence_change.js";
export type { PresenceLeft } from "./schemas/down/presence_left.js";
export type { Publication } from "./schemas/down/publication.js";
export type { Published } from "./schemas/down/published.js";
export type { Reset } from "./schemas/down/reset.js";
export type { Subscribed } from "./schemas/down/subscribed.js";
export type { DownMessage } from "./schemas/down.js";
export type {
  Member,
  Position,
  PublisherSession,
  ResetReason,
  StateMode,
} from "./schemas/fields.js";
export type { Call } from "./schemas/up/call.js";
export type { Connect } from "./schemas/up/connect.js";
export type { Publish } from "./schemas/up/publish.js";
export type { Subscribe } from "./schemas/up/subscribe.js";
export type { UpMessage } from "./schemas/up.js";
export { type Fold, type FoldedMode, folds } from "./state/fold.js";
export { maxPatchDepth, mergePatch } from "./state/merge-patch.js";
export { protocolVersion } from "./version.js";
