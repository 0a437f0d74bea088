import { type Failure, failure, type Member } from "@holdfast/protocol";
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
  type BrokerListener,
  type Done,
  type Head,
  type HistoryPage,
  type HistoryQuery,
  isFailure,
  type Maybe,
  type PartitionChanges,
  type PublishOutcome,
  type PublishRequest,
  type Snapshot,
} from "../contract.js";
import { closed } from "../engine/failures.js";
import { ExchangeLink } from "../memory/exchange-link.js";
import type { FileEngine } from "./engine.js";
import { maxKeyTextUnits } from "./keys.js";

/** One gateway's link to a file engine: it reads at once, and writes are answered when they are kept. */
export class FileLink extends ExchangeLink implements BrokerLink {
  readonly #engine: FileEngine;

  constructor(
    engine: FileEngine,
    gateway: string,
    listener: BrokerListener,
    ended: (link: ExchangeLink) => void,
  ) {
    super(engine, gateway, listener, ended);
    this.#engine = engine;
  }

  publish(request: PublishRequest): Maybe<PublishOutcome> {
    return this.open ? this.#engine.publish(request) : closed();
  }

  follow(channel: string, options: { readonly presence: boolean }): Maybe<Head | Failure> {
    if (!this.open) return closed();
    const before = this.follows.get(channel);
    // Before the head is read: what is appended meanwhile is heard, and may be below the head.
    this.startFollowing(channel, options);
    const settle = (head: Head | Failure) => {
      if (isFailure(head) && before === undefined) this.unfollow(channel);
      return head;
    };
    const head = this.#engine.head(channel);
    return head instanceof Promise ? head.then(settle) : settle(head);
  }

  read(query: HistoryQuery): Maybe<HistoryPage | Failure> {
    if (!this.open) return closed();
    return this.#engine.look(query.channel, (channel) => channel.read(query, this.#engine.nowMs()));
  }

  heads(channels: readonly string[]): Maybe<readonly Head[] | Failure> {
    if (!this.open) return closed();
    const heads = channels.map((channel) => this.#engine.head(channel));
    if (!heads.some((head) => head instanceof Promise)) return whole(heads as (Head | Failure)[]);
    return Promise.all(heads).then(whole);
  }

  changes(partition: number, cursor: string | undefined): PartitionChanges | Failure {
    return this.open ? this.#engine.changes(partition, cursor) : closed();
  }

  loadSnapshot(channel: string): Maybe<Snapshot | null | Failure> {
    if (!this.open) return closed();
    const { channels } = this.#engine;
    if (!channels.isStale(channel)) return channels.snapshot(channel);
    const renewed = this.#engine.head(channel);
    return Promise.resolve(renewed).then((head) =>
      isFailure(head) ? head : channels.snapshot(channel),
    );
  }

  storeSnapshot(channel: string, snapshot: Snapshot): Maybe<boolean | Failure> {
    if (!this.open) return closed();
    const { channels, writer } = this.#engine;
    return writer.submit(() => {
      // A channel that is not held has no epoch the snapshot could be of.
      if (!channels.has(channel)) return false;
      const nowMs = this.#engine.nowMs();
      return channels.write(channel, (held) => held.storeSnapshot(snapshot, nowMs));
    });
  }

  async enter(channel: string, member: Member, generation?: number): Promise<Done> {
    if (!this.open) return closed();
    if (channel.length + member.id.length + 8 > maxKeyTextUnits) {
      return failure("invalid_field", "The member's id is too long.", { field: "/member/id" });
    }
    const entered = this.#engine.presence.enter(this, channel, member, generation);
    // Present it is in any case; that it is kept over a restart is waited for.
    if (entered.ok) await this.#engine.kept();
    return entered;
  }

  append(request: LogAppend): Maybe<LogAppended> {
    if (!this.open) return closed();
    const refused = this.#engine.refusal();
    if (refused !== undefined) return refused;
    return this.#engine.writer.submit(() => this.#engine.logs.append(request));
  }

  readLog(query: LogQuery): LogPage | Failure {
    return this.open ? this.#engine.logs.read(query) : closed();
  }

  storeLogSnapshot(request: LogSnapshotRequest): Maybe<Done> {
    if (!this.open) return closed();
    return this.#engine.writer.submit(() => this.#engine.logs.storeSnapshot(request));
  }

  loadLogSnapshot(log: string): LogSnapshot | null | Failure {
    return this.open ? this.#engine.logs.loadSnapshot(log) : closed();
  }

  deleteLog(deletion: LogDeletion): Maybe<Done> {
    if (!this.open) return closed();
    return this.#engine.writer.submit(() => this.#engine.logs.delete(deletion));
  }

  acquireLease(request: LeaseRequest): Maybe<LeaseOutcome> {
    return this.open ? this.#kept(this.#engine.leases.acquire(request)) : closed();
  }

  renewLease(renewal: LeaseRenewal): Maybe<LeaseOutcome> {
    return this.open ? this.#kept(this.#engine.leases.renew(renewal)) : closed();
  }

  releaseLease(release: LeaseRelease): Maybe<Done> {
    return this.open ? this.#kept(this.#engine.leases.release(release)) : closed();
  }

  /** What was decided, once it is kept. */
  async #kept<T extends Done | LeaseOutcome>(outcome: T): Promise<T | Failure> {
    if (!outcome.ok) return outcome;
    const kept = await this.#engine.kept();
    return isFailure(kept) ? kept : outcome;
  }
}

/** All of them, or the first failure. */
function whole(heads: readonly (Head | Failure)[]): readonly Head[] | Failure {
  const given: Head[] = [];
  for (const head of heads) {
    if (isFailure(head)) return head;
    given.push(head);
  }
  return given;
}
