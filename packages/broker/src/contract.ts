import type { Failure, Member, Position } from "@holdfast/protocol";
import type {
  CallHandler,
  CallOptions,
  CallOutcome,
  ServeOptions,
  Serving,
} from "./contract/calls.js";
import type { BrokerCapabilities } from "./contract/capabilities.js";
import type { ClusterCommand, NodeRecord, NodeStatus, RecentCommands } from "./contract/cluster.js";
import type { LeaseOutcome, LeaseRelease, LeaseRenewal, LeaseRequest } from "./contract/leases.js";
import type {
  LogAppend,
  LogAppended,
  LogDeletion,
  LogPage,
  LogQuery,
  LogSnapshot,
  LogSnapshotRequest,
} from "./contract/logs.js";
import type { Maybe } from "./contract/maybe.js";

export type { Maybe } from "./contract/maybe.js";

/** Done, or why not. */
export type Done = { readonly ok: true } | Failure;

/** How much of a channel is retained: the first bound that is reached trims. 0 in any of them retains nothing. */
export interface HistoryBounds {
  /** Publications. */
  readonly maxCount: number;
  /** Bytes of their payloads. */
  readonly maxBytes: number;
  /** Age of a publication, in milliseconds. */
  readonly maxAgeMs: number;
}

/**
 * A publisher's own order: entries of one session are appended with `seq` 1, 2, 3 … per channel and
 * generation, anything else is refused as `out_of_order`. The first entry of a higher generation
 * ends the lower ones in the same atomic step: what of them is still under way is refused, so that
 * nothing given up can come in after what was published later.
 */
export interface PublisherSession {
  /** Globally unique. */
  readonly id: string;
  readonly seq: number;
  /** Default 0. */
  readonly generation?: number;
}

/** What a publisher hands in. Exactly one of `data` and `bytes`. */
export interface PublishRequest {
  readonly channel: string;
  readonly data?: unknown;
  readonly bytes?: Uint8Array;
  readonly user?: string;
  readonly tags?: readonly string[];
  readonly meta?: Readonly<Record<string, string>>;
  /** Wall-clock stamp of the gateway in milliseconds since the Unix epoch. */
  readonly timeMs: number;
  readonly history: HistoryBounds;
  /**
   * The channel's state is folded from its entries. Until a publish says otherwise, what no stored
   * snapshot covers stays whatever the bounds say: everything, as long as none was stored. What does
   * not fit the engine is refused as `busy`; and an engine that lost so much that neither a snapshot
   * nor the entries after it give the state begins an epoch without lineage, at offset 0.
   */
  readonly pinned?: boolean;
  /** Publish key; `scope` is the user (or the anonymous session) it belongs to. */
  readonly key?: { readonly scope: string; readonly value: string };
  readonly session?: PublisherSession;
  readonly expectedOffset?: number;
}

/** An ephemeral publication: fanned out, never stored. */
export interface EphemeralRequest {
  readonly channel: string;
  readonly data?: unknown;
  readonly bytes?: Uint8Array;
  readonly user?: string;
  readonly key?: string;
  readonly tags?: readonly string[];
  readonly meta?: Readonly<Record<string, string>>;
}

/** One retained entry of a channel. Immutable once made. */
export interface Entry {
  readonly offset: number;
  /** Short random witness. */
  readonly id: string;
  readonly timeMs: number;
  readonly data?: unknown;
  readonly bytes?: Uint8Array;
  readonly user?: string;
  readonly tags?: readonly string[];
  readonly meta?: Readonly<Record<string, string>>;
}

/** Where a publish ended up. */
export interface Published {
  readonly ok: true;
  readonly epoch: string;
  readonly offset: number;
  readonly id: string;
  /** The key or sequence had been seen before: this is the first outcome. */
  readonly duplicate: boolean;
}

/** `failure.unknown` is true when the entry may have been appended all the same. */
export type PublishOutcome = Published | Failure;

/** A new epoch's proven ancestry: `{parent, n ≤ upTo}` may resume in it. */
export interface Lineage {
  readonly parent: string;
  readonly upTo: number;
}

/** The newest position of a channel. `id` is absent at offset 0. */
export type Head = Position;

/** A page of retained history. */
export interface HistoryPage {
  readonly epoch: string;
  /** Newest offset of the channel and its witness. */
  readonly top: number;
  readonly topId?: string;
  /** Oldest retained offset; top + 1 when nothing is retained. */
  readonly first: number;
  /** Ancestry of `epoch`, nearest first, bounded. */
  readonly lineage: readonly Lineage[];
  /** `id` of the entry at `after`, where that entry is still retained. */
  readonly witness?: string;
  /** The retained entries after `after`, contiguous from max(after + 1, first), oldest first, up to the limits. */
  readonly entries: readonly Entry[];
}

/** What to read. */
export interface HistoryQuery {
  readonly channel: string;
  readonly after: number;
  readonly maxCount: number;
  readonly maxBytes: number;
}

/** What changed in a partition since a cursor. */
export interface PartitionChanges {
  /** Give it back next time. */
  readonly cursor: string;
  /** false: the cursor was too old or unknown; compare each channel's head instead. */
  readonly complete: boolean;
  readonly changed: readonly { readonly channel: string; readonly head: Head }[];
}

/** A channel's whole state at a position. */
export interface Snapshot {
  readonly position: Position;
  readonly state: unknown;
}

/** A change of presence; `version` counts 1, 2, 3 … per channel and presence life. */
export interface PresenceEvent {
  readonly channel: string;
  /** Changes when the engine lost its presence; versions then start again. */
  readonly life: string;
  readonly version: number;
  readonly action: "enter" | "update" | "leave";
  readonly member: Member;
  readonly count: number;
}

/** Who is present. */
export interface PresenceView {
  readonly life: string;
  readonly version: number;
  readonly count: number;
  /** Up to the limit asked for, in order of entry. */
  readonly members: readonly Member[];
}

/** What an engine tells a gateway. Calls come in order per channel; nothing here may throw. */
export interface BrokerListener {
  /** A followed channel got an entry. May be delayed or lost by the relay; the hub finds and fills gaps. */
  onEntry(channel: string, epoch: string, entry: Entry): void;
  onEphemeral(publication: EphemeralRequest): void;
  onPresence(event: PresenceEvent): void;
  /** The relay may have lost anything until now: compare every followed channel. */
  onRelayGap(): void;
  /** The engine became reachable or unreachable. */
  onAvailability(available: boolean): void;
  /** A command to every gateway, the sender too. May be lost by the relay: `commands` has it. */
  onCommand(command: ClusterCommand): void;
}

/** How a member leaves. */
export interface LeaveOptions {
  /** After the grace period, not at once. */
  readonly grace: boolean;
  /** The leave is that of this connection of the member's client: a newer one that has entered since stays. */
  readonly generation?: number;
}

/** One gateway's link to the engine. */
export interface BrokerLink {
  /** Appends, dedupes, orders and fans out in one atomic step; acknowledges at the declared durability. */
  publish(request: PublishRequest): Maybe<PublishOutcome>;
  publishEphemeral(request: EphemeralRequest): Maybe<Done>;

  /**
   * Follows a channel: once this settles, every later append reaches the listener (or is a relay loss).
   * `presence` also follows its presence events. Idempotent per channel.
   */
  follow(channel: string, options: { readonly presence: boolean }): Maybe<Head | Failure>;
  unfollow(channel: string): void;

  read(query: HistoryQuery): Maybe<HistoryPage | Failure>;
  heads(channels: readonly string[]): Maybe<readonly Head[] | Failure>;
  /** Partition of a channel name, 0 ≤ n < `partitions`. */
  partitionOf(channel: string): number;
  changes(partition: number, cursor: string | undefined): Maybe<PartitionChanges | Failure>;

  loadSnapshot(channel: string): Maybe<Snapshot | null | Failure>;
  /** Compare-and-set on (same epoch, higher offset); false: another one stands. Trimming never passes it. */
  storeSnapshot(channel: string, snapshot: Snapshot): Maybe<boolean | Failure>;

  /**
   * Enters or updates a member of this gateway's lease. `generation` (default 0) counts the connections
   * of the member's client: one lower than the member entered with is refused as `fenced`, since its
   * client has moved on, and what is late of it must not take the member along when it ends.
   */
  enter(channel: string, member: Member, generation?: number): Maybe<Done>;
  /** Takes a member out at once, or after the grace period (a reconnect inside it shows neither event). */
  leave(channel: string, memberId: string, options: LeaveOptions): void;
  presence(channel: string, maxMembers: number): Maybe<PresenceView | Failure>;

  append(request: LogAppend): Maybe<LogAppended>;
  readLog(query: LogQuery): Maybe<LogPage | Failure>;
  storeLogSnapshot(request: LogSnapshotRequest): Maybe<Done>;
  loadLogSnapshot(log: string): Maybe<LogSnapshot | null | Failure>;
  deleteLog(deletion: LogDeletion): Maybe<Done>;

  acquireLease(request: LeaseRequest): Maybe<LeaseOutcome>;
  renewLease(renewal: LeaseRenewal): Maybe<LeaseOutcome>;
  releaseLease(release: LeaseRelease): Maybe<Done>;

  /**
   * Serves a subject as a member of a group. A call is handed to one member of each group that
   * serves its subject, and the first reply is the answer. Never handed out twice.
   */
  serve(
    subject: string,
    group: string,
    handler: CallHandler,
    options?: ServeOptions,
  ): Maybe<Serving | Failure>;
  call(subject: string, payload: Uint8Array, options: CallOptions): Promise<CallOutcome>;

  /** Tells every gateway; settles once the command is kept, so that `commands` has it. */
  broadcast(command: ClusterCommand): Maybe<Done>;
  /**
   * The commands kept since a cursor. A gateway asks every second and after `onRelayGap`: what the
   * relay lost is known within the 2 s of the revocation bound.
   */
  commands(cursor: string | undefined): Maybe<RecentCommands | Failure>;

  /** Tells what this gateway is, under its lease; repeat it, for an engine may lose everything. */
  announce(status: NodeStatus): Maybe<Done>;
  /** The gateways that announced themselves and whose lease is alive, by name. */
  nodes(): Maybe<readonly NodeRecord[] | Failure>;

  /** Ends the link: members leave with grace; follows, services and the node record end. */
  close(): Maybe<void>;
}

/** An engine: appends, orders, retains and fans out. One conformance suite runs against every one. */
export interface Broker {
  readonly capabilities: BrokerCapabilities;
  /** Connects one gateway incarnation. */
  connect(gateway: string, listener: BrokerListener): Maybe<BrokerLink>;
  /** Ends every link and frees what the engine holds in this process. */
  close(): Maybe<void>;
}

/** Tells a failure from a value. */
export function isFailure<T>(value: T | Failure): value is Failure {
  return typeof value === "object" && value !== null && "ok" in value && value.ok === false;
}
