import type {
  BrokerLink,
  CallHandler,
  CallOptions,
  CallOutcome,
  ClusterCommand,
  Done,
  EphemeralRequest,
  Head,
  HistoryPage,
  HistoryQuery,
  LeaseOutcome,
  LeaseRelease,
  LeaseRenewal,
  LeaseRequest,
  LeaveOptions,
  LogAppend,
  LogAppended,
  LogDeletion,
  LogPage,
  LogQuery,
  LogSnapshot,
  LogSnapshotRequest,
  NodeRecord,
  NodeStatus,
  PartitionChanges,
  PresenceView,
  PublishOutcome,
  PublishRequest,
  RecentCommands,
  ServeOptions,
  Serving,
  Snapshot,
} from "@holdfast/broker";
import { unreachable } from "@holdfast/broker/internal";
import { type Failure, failure, type Member } from "@holdfast/protocol";
import { LinkCore, type LinkOptions } from "./core.js";
import { failureOf } from "./failures.js";
import { encodeEphemeral } from "./relay/frames.js";

/** One gateway's link to a Redis deployment, with connections of its own. */
export class RedisLink implements BrokerLink {
  readonly gateway: string;
  readonly #core: LinkCore;
  readonly #ended: (link: RedisLink) => void;

  private constructor(core: LinkCore, ended: (link: RedisLink) => void) {
    this.gateway = core.options.gateway;
    this.#core = core;
    this.#ended = ended;
  }

  /** Rejects with an EngineError when the servers cannot be reached or will not do. */
  static async connect(options: LinkOptions, ended: (link: RedisLink) => void): Promise<RedisLink> {
    return new RedisLink(await LinkCore.begin(options), ended);
  }

  /** The engine can be reached, as far as the link knows. */
  get available(): boolean {
    return this.#core.available;
  }

  publish(request: PublishRequest): Promise<PublishOutcome> {
    return this.#ask(request.channel, () => this.#core.publisher.publish(request));
  }

  publishEphemeral(request: EphemeralRequest): Promise<Done> {
    return this.#ask(request.channel, async () => {
      const frame = ephemeralFrame(request);
      if (frame === undefined) return failure("invalid_data", "The data is not a JSON value.");
      const { servers, options } = this.#core;
      try {
        const command = servers.sharded ? "SPUBLISH" : "PUBLISH";
        await servers.command(command, options.keys.entryRelay(request.channel), frame);
        return { ok: true };
      } catch (error) {
        return failureOf(error);
      }
    });
  }

  follow(channel: string, { presence }: { readonly presence: boolean }): Promise<Head | Failure> {
    return this.#ask(channel, async () => {
      const { follows } = this.#core;
      const before = follows.has(channel);
      const head = await this.#follow(channel, presence);
      if ("ok" in head && !before) follows.remove(channel);
      return head;
    });
  }

  unfollow(channel: string): void {
    this.#core.follows.remove(channel);
  }

  read(query: HistoryQuery): Promise<HistoryPage | Failure> {
    return this.#ask(query.channel, () => this.#core.channels.read(query));
  }

  async heads(channels: readonly string[]): Promise<readonly Head[] | Failure> {
    for (const channel of channels) {
      const refusal = this.#core.refusal(this.partitionOf(channel));
      if (refusal !== undefined) return refusal;
    }
    return await this.#core.channels.heads(channels);
  }

  partitionOf(channel: string): number {
    return this.#core.options.keys.partitionOf(channel);
  }

  async changes(
    partition: number,
    cursor: string | undefined,
  ): Promise<PartitionChanges | Failure> {
    const refusal = this.#core.refusal(partition);
    if (refusal !== undefined) return refusal;
    const changes = await this.#core.channels.changes(partition, cursor);
    if (!("ok" in changes) && !changes.complete && cursor !== undefined) {
      // What else the partition held may be lost too.
      this.#core.presence.roster.reclaim(partition);
    }
    return changes;
  }

  loadSnapshot(channel: string): Promise<Snapshot | null | Failure> {
    return this.#ask(channel, () => this.#core.channels.loadSnapshot(channel));
  }

  storeSnapshot(channel: string, snapshot: Snapshot): Promise<boolean | Failure> {
    return this.#ask(channel, () => this.#core.channels.storeSnapshot(channel, snapshot));
  }

  enter(channel: string, member: Member, generation = 0): Promise<Done> {
    return this.#ask(channel, () => this.#core.presence.enter(channel, member, generation));
  }

  leave(channel: string, memberId: string, options: LeaveOptions): void {
    if (this.#core.open) this.#core.presence.roster.leave(channel, memberId, options);
  }

  presence(channel: string, maxMembers: number): Promise<PresenceView | Failure> {
    return this.#ask(channel, () => this.#core.presence.view(channel, maxMembers));
  }

  append(request: LogAppend): Promise<LogAppended> {
    return this.#ask(request.log, () => this.#core.logs.append(request));
  }

  readLog(query: LogQuery): Promise<LogPage | Failure> {
    return this.#ask(query.log, () => this.#core.logs.read(query));
  }

  storeLogSnapshot(request: LogSnapshotRequest): Promise<Done> {
    return this.#ask(request.log, () => this.#core.logs.storeSnapshot(request));
  }

  loadLogSnapshot(log: string): Promise<LogSnapshot | null | Failure> {
    return this.#ask(log, () => this.#core.logs.loadSnapshot(log));
  }

  deleteLog(deletion: LogDeletion): Promise<Done> {
    return this.#ask(deletion.log, () => this.#core.logs.delete(deletion));
  }

  acquireLease(request: LeaseRequest): Promise<LeaseOutcome> {
    return this.#ask(request.name, () => this.#core.leases.acquire(request));
  }

  renewLease(renewal: LeaseRenewal): Promise<LeaseOutcome> {
    return this.#ask(renewal.name, () => this.#core.leases.renew(renewal));
  }

  releaseLease(release: LeaseRelease): Promise<Done> {
    return this.#ask(release.name, () => this.#core.leases.release(release));
  }

  serve(
    subject: string,
    group: string,
    handler: CallHandler,
    options?: ServeOptions,
  ): Promise<Serving | Failure> {
    return this.#ask(subject, () => this.#core.services.serve(subject, group, handler, options));
  }

  call(subject: string, payload: Uint8Array, options: CallOptions): Promise<CallOutcome> {
    return this.#ask(subject, () => this.#core.callers.call(subject, payload, options));
  }

  broadcast(command: ClusterCommand): Promise<Done> {
    return this.#askShared(() => this.#core.commands.broadcast(command));
  }

  commands(cursor: string | undefined): Promise<RecentCommands | Failure> {
    return this.#askShared(() => this.#core.commands.since(cursor));
  }

  announce(status: NodeStatus): Promise<Done> {
    return this.#askShared(() => this.#core.nodes.announce(status));
  }

  nodes(): Promise<readonly NodeRecord[] | Failure> {
    return this.#askShared(() => this.#core.nodes.list());
  }

  /** Settles when everything sent before has come by the relay's connections. */
  async settle(): Promise<void> {
    await this.#core.relay.settle();
  }

  async close(): Promise<void> {
    const { servers, services, nodes, presence } = this.#core;
    const reachable = this.#core.available;
    if (!this.#core.stop()) return;
    await services.close(reachable);
    if (reachable) {
      // What cannot be said comes true when the lease runs out.
      await nodes.remove().catch(() => {});
      await presence.incarnation.end().catch(() => {});
    }
    servers.close();
    this.#ended(this);
  }

  /** Ends without a word, as a killed process does. */
  crash(): void {
    if (!this.#core.stop()) return;
    void this.#core.services.close(false);
    this.#core.servers.close();
    this.#ended(this);
  }

  async #follow(channel: string, presence: boolean): Promise<Head | Failure> {
    const { follows, channels } = this.#core;
    if (!(await follows.add(channel, presence))) return unreachable();
    try {
      if (follows.withPresence(channel)) await this.#core.presence.rooms.watch(channel);
    } catch (error) {
      return failureOf(error);
    }
    const heads = await channels.heads([channel]);
    if ("ok" in heads) return heads;
    return heads[0] ?? failure("internal", "The engine answered without a head.");
  }

  /** Asks the server that has a name's partition, if it can be asked. */
  #ask<T>(name: string, work: () => Promise<T | Failure>): Promise<T | Failure> {
    const refusal = this.#core.refusal(this.partitionOf(name));
    return refusal === undefined ? work() : Promise.resolve(refusal);
  }

  /** Asks for what all gateways share, which lies in the first partition. */
  #askShared<T>(work: () => Promise<T | Failure>): Promise<T | Failure> {
    const refusal = this.#core.refusal(0);
    return refusal === undefined ? work() : Promise.resolve(refusal);
  }
}

function ephemeralFrame(request: EphemeralRequest): Buffer | string | undefined {
  if ((request.data === undefined) === (request.bytes === undefined)) return undefined;
  try {
    return encodeEphemeral(request);
  } catch {
    return undefined;
  }
}
