import type { Failure, Member } from "@holdfast/protocol";
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
import {
  type BrokerLink,
  type Done,
  type EphemeralRequest,
  type Head,
  type HistoryPage,
  type HistoryQuery,
  isFailure,
  type LeaveOptions,
  type Maybe,
  type PartitionChanges,
  type PresenceView,
  type PublishOutcome,
  type PublishRequest,
  type Snapshot,
} from "../contract.js";
import { unreachable } from "./failures.js";
import type { LinkParts } from "./link-parts.js";

/**
 * A gateway's link to an engine whose channels lie with servers: nothing is asked of them that they
 * would not hear, and each operation is one of the engine's parts'.
 */
export abstract class ServerLink implements BrokerLink {
  readonly gateway: string;
  readonly #parts: LinkParts;

  protected constructor(gateway: string, parts: LinkParts) {
    this.gateway = gateway;
    this.#parts = parts;
  }

  abstract partitionOf(channel: string): number;
  abstract changes(
    partition: number,
    cursor: string | undefined,
  ): Promise<PartitionChanges | Failure>;
  abstract close(): Promise<void>;

  /**
   * Why nothing is asked of the server that has what is named so, or of the one that has what all
   * gateways share; undefined: it may be asked.
   */
  protected abstract refusal(name?: string): Failure | undefined;
  /** Tells who follows the channel. */
  protected abstract tell(publication: EphemeralRequest): Promise<Done>;
  /** What a gateway is told of a rejection; throws what is not the servers'. */
  protected abstract failureOf(error: unknown): Failure;

  publish(request: PublishRequest): Promise<PublishOutcome> {
    return this.#ask(request.channel, () => this.#parts.publisher.publish(request));
  }

  publishEphemeral(request: EphemeralRequest): Promise<Done> {
    return this.#ask(request.channel, () => this.tell(request));
  }

  follow(channel: string, { presence }: { readonly presence: boolean }): Promise<Head | Failure> {
    return this.#ask(channel, async () => {
      const { follows } = this.#parts;
      const before = follows.has(channel);
      const head = await this.#follow(channel, presence);
      if (isFailure(head) && !before) follows.remove(channel);
      return head;
    });
  }

  unfollow(channel: string): void {
    this.#parts.follows.remove(channel);
  }

  read(query: HistoryQuery): Promise<HistoryPage | Failure> {
    return this.#ask(query.channel, () => this.#parts.channels.read(query));
  }

  async heads(channels: readonly string[]): Promise<readonly Head[] | Failure> {
    for (const channel of channels) {
      const refusal = this.refusal(channel);
      if (refusal !== undefined) return refusal;
    }
    return await this.#parts.channels.heads(channels);
  }

  loadSnapshot(channel: string): Promise<Snapshot | null | Failure> {
    return this.#ask(channel, () => this.#parts.channels.loadSnapshot(channel));
  }

  storeSnapshot(channel: string, snapshot: Snapshot): Promise<boolean | Failure> {
    return this.#ask(channel, () => this.#parts.channels.storeSnapshot(channel, snapshot));
  }

  enter(channel: string, member: Member, generation = 0): Promise<Done> {
    return this.#ask(channel, () => this.#parts.presence.roster.enter(channel, member, generation));
  }

  leave(channel: string, memberId: string, options: LeaveOptions): void {
    if (this.#parts.open) this.#parts.presence.roster.leave(channel, memberId, options);
  }

  presence(channel: string, maxMembers: number): Promise<PresenceView | Failure> {
    return this.#ask(channel, () => this.#parts.presence.view(channel, maxMembers));
  }

  append(request: LogAppend): Promise<LogAppended> {
    return this.#ask(request.log, () => this.#parts.logs.append(request));
  }

  readLog(query: LogQuery): Promise<LogPage | Failure> {
    return this.#ask(query.log, () => this.#parts.logs.read(query));
  }

  storeLogSnapshot(request: LogSnapshotRequest): Promise<Done> {
    return this.#ask(request.log, () => this.#parts.logs.storeSnapshot(request));
  }

  loadLogSnapshot(log: string): Promise<LogSnapshot | null | Failure> {
    return this.#ask(log, () => this.#parts.logs.loadSnapshot(log));
  }

  deleteLog(deletion: LogDeletion): Promise<Done> {
    return this.#ask(deletion.log, () => this.#parts.logs.delete(deletion));
  }

  acquireLease(request: LeaseRequest): Promise<LeaseOutcome> {
    return this.#ask(request.name, () => this.#parts.leases.acquire(request));
  }

  renewLease(renewal: LeaseRenewal): Promise<LeaseOutcome> {
    return this.#ask(renewal.name, () => this.#parts.leases.renew(renewal));
  }

  releaseLease(release: LeaseRelease): Promise<Done> {
    return this.#ask(release.name, () => this.#parts.leases.release(release));
  }

  serve(
    subject: string,
    group: string,
    handler: CallHandler,
    options?: ServeOptions,
  ): Promise<Serving | Failure> {
    const { services } = this.#parts;
    return this.#ask(subject, () => services.serve(subject, group, handler, options));
  }

  call(subject: string, payload: Uint8Array, options: CallOptions): Promise<CallOutcome> {
    return this.#ask(subject, () => this.#parts.callers.call(subject, payload, options));
  }

  broadcast(command: ClusterCommand): Promise<Done> {
    return this.#ask(undefined, () => this.#parts.commands.broadcast(command));
  }

  commands(cursor: string | undefined): Promise<RecentCommands | Failure> {
    return this.#ask(undefined, () => this.#parts.commands.since(cursor));
  }

  announce(status: NodeStatus): Promise<Done> {
    return this.#ask(undefined, () => this.#parts.nodes.announce(status));
  }

  nodes(): Promise<readonly NodeRecord[] | Failure> {
    return this.#ask(undefined, () => this.#parts.nodes.list());
  }

  async #follow(channel: string, presence: boolean): Promise<Head | Failure> {
    const { follows, channels, presence: present } = this.#parts;
    if (!(await follows.add(channel, presence))) return unreachable();
    try {
      if (follows.withPresence(channel)) await present.rooms.watch(channel);
      return await channels.head(channel);
    } catch (error) {
      return this.failureOf(error);
    }
  }

  /** Asks the servers, if they can be asked. */
  #ask<T>(name: string | undefined, work: () => Maybe<T | Failure>): Promise<T | Failure> {
    return Promise.resolve(this.refusal(name) ?? work());
  }
}
