import { type Failure, failure, type Member } from "@holdfast/protocol";
import type {
  CallHandler,
  CallOptions,
  CallOutcome,
  ServeOptions,
  Serving,
} from "../contract/calls.js";
import type {
  ClusterCommand,
  NodeRecord,
  NodeStatus,
  RecentCommands,
} from "../contract/cluster.js";
import type { LeaseOutcome, LeaseRelease, LeaseRenewal, LeaseRequest } from "../contract/leases.js";
import type {
  LogAppend,
  LogAppended,
  LogDeletion,
  LogPage,
  LogQuery,
  LogSnapshot,
  LogSnapshotRequest,
} from "../contract/logs.js";
import type {
  BrokerLink,
  BrokerListener,
  Done,
  EphemeralRequest,
  Head,
  HistoryPage,
  HistoryQuery,
  PartitionChanges,
  PresenceView,
  PublishOutcome,
  PublishRequest,
  Snapshot,
} from "../contract.js";
import type { MemoryEngine } from "./engine.js";
import type { Follower } from "./follows.js";

/** A link whose operations answer at once. */
export interface MemoryLink extends BrokerLink {
  publish(request: PublishRequest): PublishOutcome;
  publishEphemeral(request: EphemeralRequest): Done;
  follow(channel: string, options: { readonly presence: boolean }): Head | Failure;
  read(query: HistoryQuery): HistoryPage | Failure;
  heads(channels: readonly string[]): readonly Head[] | Failure;
  changes(partition: number, cursor: string | undefined): PartitionChanges | Failure;
  loadSnapshot(channel: string): Snapshot | null | Failure;
  storeSnapshot(channel: string, snapshot: Snapshot): boolean | Failure;
  enter(channel: string, member: Member): Done;
  presence(channel: string, maxMembers: number): PresenceView | Failure;
  append(request: LogAppend): LogAppended;
  readLog(query: LogQuery): LogPage | Failure;
  storeLogSnapshot(request: LogSnapshotRequest): Done;
  loadLogSnapshot(log: string): LogSnapshot | null | Failure;
  deleteLog(deletion: LogDeletion): Done;
  acquireLease(request: LeaseRequest): LeaseOutcome;
  renewLease(renewal: LeaseRenewal): LeaseOutcome;
  releaseLease(release: LeaseRelease): Done;
  serve(
    subject: string,
    group: string,
    handler: CallHandler,
    options?: ServeOptions,
  ): Serving | Failure;
  broadcast(command: ClusterCommand): Done;
  commands(cursor: string | undefined): RecentCommands | Failure;
  announce(status: NodeStatus): Done;
  nodes(): readonly NodeRecord[] | Failure;
  close(): void;
}

const closed = (): Failure => failure("closed", "The link to the engine was closed.");

/** One gateway's link to a memory engine. */
export class EngineLink implements MemoryLink, Follower {
  readonly gateway: string;
  readonly listener: BrokerListener;
  readonly follows = new Map<string, { readonly presence: boolean }>();
  readonly #engine: MemoryEngine;
  readonly #ended: (link: EngineLink) => void;
  #open = true;

  constructor(
    engine: MemoryEngine,
    gateway: string,
    listener: BrokerListener,
    ended: (link: EngineLink) => void,
  ) {
    this.#engine = engine;
    this.gateway = gateway;
    this.listener = listener;
    this.#ended = ended;
    engine.links.add(this);
  }

  get open(): boolean {
    return this.#open;
  }

  publish(request: PublishRequest): PublishOutcome {
    return this.#open ? this.#engine.publish(request) : closed();
  }

  publishEphemeral(request: EphemeralRequest): Done {
    if (!this.#open) return closed();
    this.#engine.publishEphemeral(request);
    return { ok: true };
  }

  follow(channel: string, options: { readonly presence: boolean }): Head | Failure {
    if (!this.#open) return closed();
    const head = this.#engine.head(channel);
    if ("ok" in head) return head;
    // Presence once followed stays: a later follow for its entries alone must not end it.
    const presence = options.presence || this.follows.get(channel)?.presence === true;
    this.follows.set(channel, { presence });
    this.#engine.follows.add(channel, this);
    if (presence) this.#engine.presence.watch(channel);
    return head;
  }

  unfollow(channel: string): void {
    if (!this.follows.delete(channel)) return;
    this.#engine.follows.remove(channel, this);
    this.#engine.presence.release(channel);
  }

  read(query: HistoryQuery): HistoryPage | Failure {
    if (!this.#open) return closed();
    const channel = this.#engine.channel(query.channel);
    return "ok" in channel ? channel : channel.read(query, this.#engine.clock.monoMs());
  }

  heads(channels: readonly string[]): readonly Head[] | Failure {
    if (!this.#open) return closed();
    const heads: Head[] = [];
    for (const name of channels) {
      const head = this.#engine.head(name);
      if ("ok" in head) return head;
      heads.push(head);
    }
    return heads;
  }

  partitionOf(channel: string): number {
    return this.#engine.partitionOf(channel);
  }

  changes(partition: number, cursor: string | undefined): PartitionChanges | Failure {
    return this.#open ? this.#engine.changes(partition, cursor) : closed();
  }

  loadSnapshot(channel: string): Snapshot | null | Failure {
    if (!this.#open) return closed();
    return this.#engine.channels.peek(channel)?.snapshot ?? null;
  }

  storeSnapshot(channel: string, snapshot: Snapshot): boolean | Failure {
    if (!this.#open) return closed();
    // A channel that is not held has no epoch the snapshot could be of.
    const held = this.#engine.channels.peek(channel);
    return held?.storeSnapshot(snapshot, this.#engine.clock.monoMs()) ?? false;
  }

  enter(channel: string, member: Member): Done {
    return this.#open ? this.#engine.presence.enter(this, channel, member) : closed();
  }

  leave(channel: string, memberId: string, options: { readonly grace: boolean }): void {
    if (this.#open) this.#engine.presence.leave(this, channel, memberId, options.grace);
  }

  presence(channel: string, maxMembers: number): PresenceView | Failure {
    return this.#open ? this.#engine.presence.view(channel, maxMembers) : closed();
  }

  append(request: LogAppend): LogAppended {
    return this.#open ? this.#engine.logs.append(request, this.#engine.clock.monoMs()) : closed();
  }

  readLog(query: LogQuery): LogPage | Failure {
    return this.#open ? this.#engine.logs.read(query, this.#engine.clock.monoMs()) : closed();
  }

  storeLogSnapshot(request: LogSnapshotRequest): Done {
    const { logs, clock } = this.#engine;
    return this.#open ? logs.storeSnapshot(request, clock.monoMs()) : closed();
  }

  loadLogSnapshot(log: string): LogSnapshot | null | Failure {
    return this.#open ? this.#engine.logs.loadSnapshot(log) : closed();
  }

  deleteLog(deletion: LogDeletion): Done {
    return this.#open ? this.#engine.logs.delete(deletion, this.#engine.clock.monoMs()) : closed();
  }

  acquireLease(request: LeaseRequest): LeaseOutcome {
    return this.#open ? this.#engine.leases.acquire(request) : closed();
  }

  renewLease(renewal: LeaseRenewal): LeaseOutcome {
    return this.#open ? this.#engine.leases.renew(renewal) : closed();
  }

  releaseLease(release: LeaseRelease): Done {
    return this.#open ? this.#engine.leases.release(release) : closed();
  }

  serve(
    subject: string,
    group: string,
    handler: CallHandler,
    options?: ServeOptions,
  ): Serving | Failure {
    const { calls } = this.#engine;
    return this.#open ? calls.serve(this, subject, group, handler, options) : closed();
  }

  call(subject: string, payload: Uint8Array, options: CallOptions): Promise<CallOutcome> {
    if (!this.#open) return Promise.resolve(closed());
    return this.#engine.calls.call(this, subject, payload, options);
  }

  broadcast(command: ClusterCommand): Done {
    return this.#open ? this.#engine.broadcast(command) : closed();
  }

  commands(cursor: string | undefined): RecentCommands | Failure {
    const { commands, clock } = this.#engine;
    return this.#open ? commands.since(cursor, clock.monoMs()) : closed();
  }

  announce(status: NodeStatus): Done {
    return this.#open ? this.#engine.nodes.announce(this, this.gateway, status) : closed();
  }

  nodes(): readonly NodeRecord[] | Failure {
    return this.#open ? this.#engine.nodes.list() : closed();
  }

  close(): void {
    if (this.silence()) this.endLease();
  }

  /** What hangs on the link's lease ends: its node record at once, its members with grace. */
  endLease(): void {
    this.#engine.presence.leaveAll(this);
    this.#engine.nodes.remove(this, this.gateway);
  }

  /** Ends the link as a crash does: nothing is said, and its members stay until the lease runs out. */
  crash(): void {
    if (!this.silence()) return;
    const { clock, limits } = this.#engine;
    clock.after(limits.presenceLeaseMs, () => this.endLease());
  }

  /** Ends follows and refuses operations from now on; false: it had ended before. */
  silence(): boolean {
    if (!this.#open) return false;
    for (const channel of [...this.follows.keys()]) this.unfollow(channel);
    this.#engine.calls.leave(this);
    this.#engine.links.delete(this);
    this.#open = false;
    this.#ended(this);
    return true;
  }
}
