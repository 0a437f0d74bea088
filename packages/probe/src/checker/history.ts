import type { Position, PublisherSession, ResetReason } from "@holdfast/protocol";

/**
 * When an event was recorded. `seq` is the logical time of the one recorder that made the
 * history (strictly increasing); `atMs` is its wall clock in milliseconds, never going back.
 */
export interface Stamp {
  readonly seq: number;
  readonly atMs: number;
}

/** How an operation ended: a timeout is `unknown`, never `failed`. */
export type OperationOutcome = "ok" | "failed" | "unknown";

/**
 * A client asked for a publish. `token` stands for the payload and is unique per payload and
 * channel; `op` is unique in the history and names the operation with all its retries.
 */
export interface PublishInvoked {
  readonly kind: "publish";
  readonly client: string;
  readonly channel: string;
  readonly op: string;
  readonly token: string;
  /** Publish key, scoped to `user` (or to `client` where there is none). */
  readonly key?: string;
  readonly user?: string;
  readonly session?: PublisherSession;
  readonly expectedOffset?: number;
  readonly ephemeral?: boolean;
}

/** What the publisher was told. */
export interface PublishSettled {
  readonly kind: "published";
  readonly client: string;
  readonly channel: string;
  readonly op: string;
  readonly outcome: OperationOutcome;
  readonly epoch?: string;
  readonly offset?: number;
  readonly duplicate?: boolean;
  readonly code?: string;
}

/** A history or state read was begun. */
export interface ReadInvoked {
  readonly kind: "read";
  readonly client: string;
  readonly channel: string;
  readonly op: string;
}

/** What the read showed as the newest position. */
export interface ReadSettled {
  readonly kind: "readDone";
  readonly client: string;
  readonly channel: string;
  readonly op: string;
  readonly outcome: OperationOutcome;
  readonly epoch?: string;
  readonly top?: number;
}

/**
 * A subscribe command was begun, first or again. `sub` names the subscription of the
 * application, which outlives sockets; all its events stand in the order the application
 * observed them.
 */
export interface SubscribeInvoked {
  readonly kind: "subscribe";
  readonly client: string;
  readonly sub: string;
  readonly channel: string;
  readonly from?: Position;
}

/** A subscription began or came back. `state` is a digest of the snapshot that came with it. */
export interface SubscribedSeen {
  readonly kind: "subscribed";
  readonly client: string;
  readonly sub: string;
  readonly channel: string;
  readonly resumed: boolean;
  readonly position?: Position;
  readonly top?: number;
  readonly contiguous: boolean;
  readonly reason?: ResetReason;
  readonly state?: string;
}

/** The application was handed a publication. */
export interface Delivered {
  readonly kind: "delivered";
  readonly client: string;
  readonly sub: string;
  readonly channel: string;
  readonly epoch: string;
  readonly offset: number;
  readonly id: string;
  readonly token: string;
}

/** The application was handed an ephemeral publication. */
export interface EphemeralDelivered {
  readonly kind: "ephemeral";
  readonly client: string;
  readonly sub: string;
  readonly channel: string;
  readonly token: string;
}

/** The application was told that continuity could not be kept. */
export interface ResetSeen {
  readonly kind: "reset";
  readonly client: string;
  readonly sub: string;
  readonly channel: string;
  readonly reason: ResetReason;
  readonly position: Position;
  readonly top?: number;
  readonly state?: string;
}

/** Somebody (SDK, gateway, HTTP, a fold of the engine's entries) saw a channel's state at a position. */
export interface StateObserved {
  readonly kind: "state";
  readonly observer: string;
  readonly channel: string;
  readonly epoch: string;
  readonly offset: number;
  readonly digest: string;
}

/** The application or the gateway ended a subscription for good. */
export interface UnsubscribedSeen {
  readonly kind: "unsubscribed";
  readonly client: string;
  readonly sub: string;
  readonly channel: string;
  readonly code?: string;
}

/**
 * A client's connection began or was lost, as its client learnt it. A loss with `gateway`: that gateway
 * ended the connection, whether or not its client has been told.
 */
export type ConnectionChanged = ConnectionChange<"connected"> | ConnectionChange<"disconnected">;

interface ConnectionChange<Kind> {
  readonly kind: Kind;
  readonly client: string;
  readonly gateway?: string;
}

/** A permission to read was withdrawn (or its token ended), or given again; no channel: all of them. */
export type PermissionChanged = PermissionChange<"revoked"> | PermissionChange<"granted">;

interface PermissionChange<Kind> {
  readonly kind: Kind;
  readonly client: string;
  readonly channel?: string;
}

/** A client entered a channel's presence, or left it on purpose. */
export type PresenceIntent = PresenceIntention<"entered"> | PresenceIntention<"left">;

interface PresenceIntention<Kind> {
  readonly kind: Kind;
  readonly client: string;
  readonly channel: string;
  readonly member: string;
}

/** A presence event somebody observed. */
export interface PresenceChangeSeen {
  readonly kind: "presenceEvent";
  readonly observer: string;
  readonly channel: string;
  readonly life: string;
  readonly version: number;
  readonly action: "enter" | "update" | "leave";
  readonly member: string;
}

/**
 * A whole presence view somebody observed; `quiet`: taken when the system had come to rest;
 * `countOnly`: nobody is named, and only `count` says anything.
 */
export interface PresenceViewSeen {
  readonly kind: "presenceView";
  readonly observer: string;
  readonly channel: string;
  readonly members: readonly string[];
  readonly count?: number;
  readonly countOnly?: boolean;
  readonly quiet: boolean;
}

/** Fact of the engine: an entry was appended. */
export interface EngineAppended {
  readonly kind: "append";
  readonly channel: string;
  readonly epoch: string;
  readonly offset: number;
  readonly id: string;
  readonly token: string;
  readonly session?: PublisherSession;
}

/** Fact of the engine: entries below `first` are no longer retained. */
export interface EngineTrimmed {
  readonly kind: "trim";
  readonly channel: string;
  readonly epoch: string;
  readonly first: number;
}

/** Fact of the engine: a channel's history began a new life, with its proven ancestry if any. */
export interface EngineEpoch {
  readonly kind: "epoch";
  readonly channel: string;
  readonly epoch: string;
  readonly lineage?: { readonly parent: string; readonly upTo: number };
  readonly why: string;
}

/** Fact of the engine at the end: what a channel's history is. */
export interface EngineFinal {
  readonly kind: "final";
  readonly channel: string;
  readonly epoch: string;
  readonly first: number;
  readonly top: number;
}

/** Fact of the engine at the end: one retained entry. */
export interface EngineKept {
  readonly kind: "kept";
  readonly channel: string;
  readonly epoch: string;
  readonly offset: number;
  readonly id: string;
  readonly token: string;
}

/** Fact of a gateway: a replay had to give up after its permitted rounds. */
export interface ReplayExhausted {
  readonly kind: "exhausted";
  readonly channel: string;
}

/** A fault began or ended. `engine`: it can cost the engine data or reach. */
export interface FaultChanged {
  readonly kind: "fault";
  readonly fault: string;
  readonly phase: "begin" | "heal";
  readonly engine: boolean;
  readonly target?: string;
  /** Since when the system can recover from it; default: from its end where it hits the engine. */
  readonly mendsFrom?: "begin" | "heal";
}

/** Every fault is over; from here on everyone has a bounded time to catch up. */
export interface Healed {
  readonly kind: "healed";
}

/** A sample of something that must stay bounded. */
export interface QueueSampled {
  readonly kind: "queue";
  readonly owner: string;
  readonly queue: string;
  readonly value: number;
  readonly limit: number;
}

/** What is recorded, before the recorder stamps it. */
export type HistoryFact =
  | PublishInvoked
  | PublishSettled
  | ReadInvoked
  | ReadSettled
  | SubscribeInvoked
  | SubscribedSeen
  | Delivered
  | EphemeralDelivered
  | ResetSeen
  | StateObserved
  | UnsubscribedSeen
  | ConnectionChanged
  | PermissionChanged
  | PresenceIntent
  | PresenceChangeSeen
  | PresenceViewSeen
  | EngineAppended
  | EngineTrimmed
  | EngineEpoch
  | EngineFinal
  | EngineKept
  | ReplayExhausted
  | FaultChanged
  | Healed
  | QueueSampled;

/** Name of a kind of event. */
export type HistoryKind = HistoryFact["kind"];

/** One recorded event. */
export type HistoryEvent = Stamp & HistoryFact;

/** An event of one kind. */
export type EventOf<K extends HistoryKind> = Stamp & Extract<HistoryFact, { readonly kind: K }>;

const kinds: Readonly<Record<HistoryKind, true>> = {
  publish: true,
  published: true,
  read: true,
  readDone: true,
  subscribe: true,
  subscribed: true,
  delivered: true,
  ephemeral: true,
  reset: true,
  state: true,
  unsubscribed: true,
  connected: true,
  disconnected: true,
  revoked: true,
  granted: true,
  entered: true,
  left: true,
  presenceEvent: true,
  presenceView: true,
  append: true,
  trim: true,
  epoch: true,
  final: true,
  kept: true,
  exhausted: true,
  fault: true,
  healed: true,
  queue: true,
};

/** true for names of {@link HistoryKind}. */
export function isHistoryKind(name: unknown): name is HistoryKind {
  return typeof name === "string" && Object.hasOwn(kinds, name);
}
