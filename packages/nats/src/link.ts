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
import { encodeEphemeral } from "./follows.js";

/** One gateway's link to a NATS deployment, with connections of its own. */
export class NatsLink implements BrokerLink {
  readonly gateway: string;
  readonly #core: LinkCore;
  readonly #ended: (link: NatsLink) => void;

  private constructor(core: LinkCore, ended: (link: NatsLink) => void) {
    this.gateway = core.parts.gateway;
    this.#core = core;
    this.#ended = ended;
  }

  /** Rejects with an EngineError when the servers cannot be reached or will not do. */
  static async connect(options: LinkOptions, ended: (link: NatsLink) => void): Promise<NatsLink> {
    return new NatsLink(await LinkCore.begin(options), ended);
  }

  /** The engine can be reached, as far as the link knows. */
  get available(): boolean {
    return this.#core.available;
  }

  publish(request: PublishRequest): Promise<PublishOutcome> {
    return this.#ask(() => this.#core.publisher.publish(request));
  }

  publishEphemeral(request: EphemeralRequest): Promise<Done> {
    return this.#ask(async () => {
      const body = ephemeralBody(request);
      if (body === undefined) return failure("invalid_data", "The data is not a JSON value.");
      const { commands, subjects } = this.#core.parts;
      try {
        commands.tell(subjects.relay(request.channel, "e"), body);
        return { ok: true };
      } catch (error) {
        return failureOf(error);
      }
    });
  }

  follow(channel: string, { presence }: { readonly presence: boolean }): Promise<Head | Failure> {
    return this.#ask(async () => {
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
    return this.#ask(() => this.#core.channels.read(query));
  }

  heads(channels: readonly string[]): Promise<readonly Head[] | Failure> {
    return this.#ask(() => this.#core.channels.heads(channels));
  }

  partitionOf(channel: string): number {
    return this.#core.parts.subjects.partitionOf(channel);
  }

  changes(partition: number, cursor: string | undefined): Promise<PartitionChanges | Failure> {
    return this.#ask(() => this.#core.changes.since(partition, cursor));
  }

  loadSnapshot(channel: string): Promise<Snapshot | null | Failure> {
    return this.#ask(() => this.#core.channels.loadSnapshot(channel));
  }

  storeSnapshot(channel: string, snapshot: Snapshot): Promise<boolean | Failure> {
    return this.#ask(() => this.#core.channels.storeSnapshot(channel, snapshot));
  }

  enter(channel: string, member: Member, generation = 0): Promise<Done> {
    return this.#ask(() => this.#core.presence.enter(channel, member, generation));
  }

  leave(channel: string, memberId: string, options: LeaveOptions): void {
    if (this.#core.open) this.#core.presence.roster.leave(channel, memberId, options);
  }

  presence(channel: string, maxMembers: number): Promise<PresenceView | Failure> {
    return this.#ask(() => this.#core.presence.view(channel, maxMembers));
  }

  append(request: LogAppend): Promise<LogAppended> {
    return this.#ask(() => this.#core.logs.append(request));
  }

  readLog(query: LogQuery): Promise<LogPage | Failure> {
    return this.#ask(() => this.#core.logs.read(query));
  }

  storeLogSnapshot(request: LogSnapshotRequest): Promise<Done> {
    return this.#ask(() => this.#core.logs.storeSnapshot(request));
  }

  loadLogSnapshot(log: string): Promise<LogSnapshot | null | Failure> {
    return this.#ask(() => this.#core.logs.loadSnapshot(log));
  }

  deleteLog(deletion: LogDeletion): Promise<Done> {
    return this.#ask(() => this.#core.logs.delete(deletion));
  }

  acquireLease(request: LeaseRequest): Promise<LeaseOutcome> {
    return this.#ask(() => this.#core.leases.acquire(request));
  }

  renewLease(renewal: LeaseRenewal): Promise<LeaseOutcome> {
    return this.#ask(() => this.#core.leases.renew(renewal));
  }

  releaseLease(release: LeaseRelease): Promise<Done> {
    return this.#ask(() => this.#core.leases.release(release));
  }

  serve(
    subject: string,
    group: string,
    handler: CallHandler,
    options?: ServeOptions,
  ): Promise<Serving | Failure> {
    return this.#ask(() => this.#core.services.serve(subject, group, handler, options));
  }

  call(subject: string, payload: Uint8Array, options: CallOptions): Promise<CallOutcome> {
    return this.#ask(() => this.#core.callers.call(subject, payload, options));
  }

  broadcast(command: ClusterCommand): Promise<Done> {
    return this.#ask(() => this.#core.commands.broadcast(command));
  }

  commands(cursor: string | undefined): Promise<RecentCommands | Failure> {
    return this.#ask(() => this.#core.commands.since(cursor));
  }

  announce(status: NodeStatus): Promise<Done> {
    return this.#ask(() => this.#core.nodes.announce(status));
  }

  nodes(): Promise<readonly NodeRecord[] | Failure> {
    return this.#ask(() => this.#core.nodes.list());
  }

  /** Settles when everything sent before has come by the relay's connections. */
  async settle(): Promise<void> {
    if (this.#core.open) await this.#core.settle();
  }

  async close(): Promise<void> {
    const { services, presence, parts } = this.#core;
    const reachable = this.#core.available;
    if (!this.#core.stop()) return;
    if (reachable) {
      await services.close();
      // What cannot be said comes true when the lease runs out.
      await presence.incarnation.end().catch(() => {});
    }
    await Promise.all([parts.commands.close(), parts.relay.close()]);
    this.#ended(this);
  }

  /** Ends without a word, as a killed process does. */
  async crash(): Promise<void> {
    if (!this.#core.stop()) return;
    const { commands, relay } = this.#core.parts;
    await Promise.all([commands.close(), relay.close()]);
    this.#ended(this);
  }

  async #follow(channel: string, presence: boolean): Promise<Head | Failure> {
    const { follows, channels, presence: present } = this.#core;
    if (!(await follows.add(channel, presence))) return unreachable();
    try {
      if (follows.withPresence(channel)) await present.rooms.watch(channel);
      return await channels.head(channel);
    } catch (error) {
      return failureOf(error);
    }
  }

  /** Asks the servers, if they can be asked. */
  #ask<T>(work: () => Promise<T | Failure>): Promise<T | Failure> {
    const refusal = this.#core.refusal();
    return refusal === undefined ? work() : Promise.resolve(refusal);
  }
}

function ephemeralBody(request: EphemeralRequest): string | undefined {
  if ((request.data === undefined) === (request.bytes === undefined)) return undefined;
  try {
    return encodeEphemeral(request);
  } catch {
    return undefined;
  }
}
