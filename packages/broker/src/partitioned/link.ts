import type { Failure, Member } from "@holdfast/protocol";
import type { CallHandler, CallOptions, CallOutcome, ServeOptions } from "../contract/calls.js";
import type { ClusterCommand, NodeStatus } from "../contract/cluster.js";
import type { LeaseRelease, LeaseRenewal, LeaseRequest } from "../contract/leases.js";
import type { LogAppend, LogDeletion, LogQuery, LogSnapshotRequest } from "../contract/logs.js";
import type { Maybe } from "../contract/maybe.js";
import {
  type BrokerLink,
  type EphemeralRequest,
  type Head,
  type HistoryQuery,
  isFailure,
  type LeaveOptions,
  type PublishRequest,
  type Snapshot,
} from "../contract.js";
import type { PartitionMap } from "./partition-map.js";

/** One gateway's links to several deployments, as one. Everything goes to the deployment that has its partition. */
export class PartitionedLink implements BrokerLink {
  readonly #links: readonly BrokerLink[];
  readonly #map: PartitionMap;

  constructor(links: readonly BrokerLink[], map: PartitionMap) {
    this.#links = links;
    this.#map = map;
  }

  publish(request: PublishRequest) {
    return this.#of(request.channel).publish(request);
  }

  publishEphemeral(request: EphemeralRequest) {
    return this.#of(request.channel).publishEphemeral(request);
  }

  follow(channel: string, options: { readonly presence: boolean }) {
    return this.#of(channel).follow(channel, options);
  }

  unfollow(channel: string): void {
    this.#of(channel).unfollow(channel);
  }

  read(query: HistoryQuery) {
    return this.#of(query.channel).read(query);
  }

  /** Each deployment is asked for its own; the first failure is that of all. */
  async heads(channels: readonly string[]): Promise<readonly Head[] | Failure> {
    const asked = new Map<BrokerLink, string[]>();
    for (const channel of channels) {
      const link = this.#of(channel);
      const others = asked.get(link);
      if (others === undefined) asked.set(link, [channel]);
      else others.push(channel);
    }
    const found = new Map<string, Head>();
    const answers = await Promise.all(
      [...asked].map(async ([link, own]) => ({ own, heads: await link.heads(own) })),
    );
    for (const { own, heads } of answers) {
      if (isFailure(heads)) return heads;
      for (const [index, head] of heads.entries()) found.set(own[index] ?? "", head);
    }
    return channels.flatMap((channel) => found.get(channel) ?? []);
  }

  partitionOf(channel: string): number {
    return this.#at(0).partitionOf(channel);
  }

  changes(partition: number, cursor: string | undefined) {
    return this.#at(partition).changes(partition, cursor);
  }

  loadSnapshot(channel: string) {
    return this.#of(channel).loadSnapshot(channel);
  }

  storeSnapshot(channel: string, snapshot: Snapshot) {
    return this.#of(channel).storeSnapshot(channel, snapshot);
  }

  enter(channel: string, member: Member, generation?: number) {
    return this.#of(channel).enter(channel, member, generation);
  }

  leave(channel: string, memberId: string, options: LeaveOptions): void {
    this.#of(channel).leave(channel, memberId, options);
  }

  presence(channel: string, maxMembers: number) {
    return this.#of(channel).presence(channel, maxMembers);
  }

  append(request: LogAppend) {
    return this.#of(request.log).append(request);
  }

  readLog(query: LogQuery) {
    return this.#of(query.log).readLog(query);
  }

  storeLogSnapshot(request: LogSnapshotRequest) {
    return this.#of(request.log).storeLogSnapshot(request);
  }

  loadLogSnapshot(log: string) {
    return this.#of(log).loadLogSnapshot(log);
  }

  deleteLog(deletion: LogDeletion) {
    return this.#of(deletion.log).deleteLog(deletion);
  }

  acquireLease(request: LeaseRequest) {
    return this.#of(request.name).acquireLease(request);
  }

  renewLease(renewal: LeaseRenewal) {
    return this.#of(renewal.name).renewLease(renewal);
  }

  releaseLease(release: LeaseRelease) {
    return this.#of(release.name).releaseLease(release);
  }

  serve(subject: string, group: string, handler: CallHandler, options?: ServeOptions) {
    return this.#of(subject).serve(subject, group, handler, options);
  }

  call(subject: string, payload: Uint8Array, options: CallOptions): Promise<CallOutcome> {
    return this.#of(subject).call(subject, payload, options);
  }

  broadcast(command: ClusterCommand) {
    return this.#at(0).broadcast(command);
  }

  commands(cursor: string | undefined) {
    return this.#at(0).commands(cursor);
  }

  announce(status: NodeStatus) {
    return this.#at(0).announce(status);
  }

  nodes() {
    return this.#at(0).nodes();
  }

  close(): Maybe<void> {
    return Promise.all(this.#links.map((link) => link.close())).then(() => {});
  }

  #of(name: string): BrokerLink {
    return this.#at(this.partitionOf(name));
  }

  #at(partition: number): BrokerLink {
    const link = this.#links[this.#map.ownerOf(partition)];
    if (link === undefined) throw new RangeError(`nobody has partition ${partition}`);
    return link;
  }
}
