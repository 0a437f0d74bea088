import type { Failure, Member } from "@holdfast/protocol";
import type { CallHandler, ServeOptions, Serving } from "../contract/calls.js";
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
import { closed } from "../engine/failures.js";
import type { MemoryEngine } from "./engine.js";
import { ExchangeLink } from "./exchange-link.js";

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
  enter(channel: string, member: Member, generation?: number): Done;
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

/** One gateway's link to a memory engine. */
export class EngineLink extends ExchangeLink implements MemoryLink {
  readonly #engine: MemoryEngine;

  constructor(
    engine: MemoryEngine,
    gateway: string,
    listener: BrokerListener,
    ended: (link: ExchangeLink) => void,
  ) {
    super(engine, gateway, listener, ended);
    this.#engine = engine;
  }

  publish(request: PublishRequest): PublishOutcome {
    return this.open ? this.#engine.publish(request) : closed();
  }

  follow(channel: string, options: { readonly presence: boolean }): Head | Failure {
    if (!this.open) return closed();
    const head = this.#engine.head(channel);
    if ("ok" in head) return head;
    this.startFollowing(channel, options);
    return head;
  }

  read(query: HistoryQuery): HistoryPage | Failure {
    if (!this.open) return closed();
    const channel = this.#engine.channel(query.channel);
    return "ok" in channel ? channel : channel.read(query, this.#engine.clock.monoMs());
  }

  heads(channels: readonly string[]): readonly Head[] | Failure {
    if (!this.open) return closed();
    const heads: Head[] = [];
    for (const name of channels) {
      const head = this.#engine.head(name);
      if ("ok" in head) return head;
      heads.push(head);
    }
    return heads;
  }

  changes(partition: number, cursor: string | undefined): PartitionChanges | Failure {
    return this.open ? this.#engine.changes(partition, cursor) : closed();
  }

  loadSnapshot(channel: string): Snapshot | null | Failure {
    if (!this.open) return closed();
    return this.#engine.channels.peek(channel)?.snapshot ?? null;
  }

  storeSnapshot(channel: string, snapshot: Snapshot): boolean | Failure {
    if (!this.open) return closed();
    // A channel that is not held has no epoch the snapshot could be of.
    const held = this.#engine.channels.peek(channel);
    return held?.storeSnapshot(snapshot, this.#engine.clock.monoMs()) ?? false;
  }

  enter(channel: string, member: Member, generation?: number): Done {
    return this.open ? this.#engine.presence.enter(this, channel, member, generation) : closed();
  }

  append(request: LogAppend): LogAppended {
    return this.open ? this.#engine.logs.append(request, this.#engine.clock.monoMs()) : closed();
  }

  readLog(query: LogQuery): LogPage | Failure {
    return this.open ? this.#engine.logs.read(query, this.#engine.clock.monoMs()) : closed();
  }

  storeLogSnapshot(request: LogSnapshotRequest): Done {
    const { logs, clock } = this.#engine;
    return this.open ? logs.storeSnapshot(request, clock.monoMs()) : closed();
  }

  loadLogSnapshot(log: string): LogSnapshot | null | Failure {
    return this.open ? this.#engine.logs.loadSnapshot(log) : closed();
  }

  deleteLog(deletion: LogDeletion): Done {
    return this.open ? this.#engine.logs.delete(deletion, this.#engine.clock.monoMs()) : closed();
  }

  acquireLease(request: LeaseRequest): LeaseOutcome {
    return this.open ? this.#engine.leases.acquire(request) : closed();
  }

  renewLease(renewal: LeaseRenewal): LeaseOutcome {
    return this.open ? this.#engine.leases.renew(renewal) : closed();
  }

  releaseLease(release: LeaseRelease): Done {
    return this.open ? this.#engine.leases.release(release) : closed();
  }
}
