import type { Failure } from "@holdfast/protocol";
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
import type {
  BrokerListener,
  Done,
  EphemeralRequest,
  LeaveOptions,
  PresenceView,
} from "../contract.js";
import { closed } from "../engine/failures.js";
import type { Exchange } from "./exchange.js";
import type { Follower } from "./follows.js";

/** The part of a gateway's link that has nothing to do with what is stored. */
export class ExchangeLink implements Follower {
  readonly gateway: string;
  readonly listener: BrokerListener;
  readonly follows = new Map<string, { readonly presence: boolean }>();
  readonly #exchange: Exchange;
  readonly #ended: (link: ExchangeLink) => void;
  #open = true;

  constructor(
    exchange: Exchange,
    gateway: string,
    listener: BrokerListener,
    ended: (link: ExchangeLink) => void,
  ) {
    this.#exchange = exchange;
    this.gateway = gateway;
    this.listener = listener;
    this.#ended = ended;
    exchange.links.add(this);
  }

  get open(): boolean {
    return this.#open;
  }

  /** Hears the channel's entries from now on. */
  protected startFollowing(channel: string, options: { readonly presence: boolean }): void {
    // Presence once followed stays: a later follow for its entries alone must not end it.
    const presence = options.presence || this.follows.get(channel)?.presence === true;
    this.follows.set(channel, { presence });
    this.#exchange.follows.add(channel, this);
    if (presence) this.#exchange.presence.watch(channel);
  }

  publishEphemeral(request: EphemeralRequest): Done {
    if (!this.#open) return closed();
    this.#exchange.publishEphemeral(request);
    return { ok: true };
  }

  unfollow(channel: string): void {
    if (!this.follows.delete(channel)) return;
    this.#exchange.follows.remove(channel, this);
    this.#exchange.presence.release(channel);
  }

  partitionOf(channel: string): number {
    return this.#exchange.partitionOf(channel);
  }

  leave(channel: string, memberId: string, options: LeaveOptions): void {
    if (this.#open) this.#exchange.presence.leave(this, channel, memberId, options);
  }

  presence(channel: string, maxMembers: number): PresenceView | Failure {
    return this.#open ? this.#exchange.presence.view(channel, maxMembers) : closed();
  }

  serve(
    subject: string,
    group: string,
    handler: CallHandler,
    options?: ServeOptions,
  ): Serving | Failure {
    const { calls } = this.#exchange;
    return this.#open ? calls.serve(this, subject, group, handler, options) : closed();
  }

  call(subject: string, payload: Uint8Array, options: CallOptions): Promise<CallOutcome> {
    if (!this.#open) return Promise.resolve(closed());
    return this.#exchange.calls.call(this, subject, payload, options);
  }

  broadcast(command: ClusterCommand): Done {
    return this.#open ? this.#exchange.broadcast(command) : closed();
  }

  commands(cursor: string | undefined): RecentCommands | Failure {
    const { commands, clock } = this.#exchange;
    return this.#open ? commands.since(cursor, clock.monoMs()) : closed();
  }

  announce(status: NodeStatus): Done {
    return this.#open ? this.#exchange.nodes.announce(this, this.gateway, status) : closed();
  }

  nodes(): readonly NodeRecord[] | Failure {
    return this.#open ? this.#exchange.nodes.list() : closed();
  }

  close(): void {
    if (this.silence()) this.endLease();
  }

  /** What hangs on the link's lease ends: its node record at once, its members with grace. */
  endLease(): void {
    this.#exchange.presence.leaveAll(this);
    this.#exchange.nodes.remove(this, this.gateway);
  }

  /** Ends the link as a crash does: nothing is said, and its members stay until the lease runs out. */
  crash(): void {
    if (!this.silence()) return;
    const { clock, limits } = this.#exchange;
    clock.after(limits.presenceLeaseMs, () => this.endLease());
  }

  /** Ends follows and refuses operations from now on; false: it had ended before. */
  silence(): boolean {
    if (!this.#open) return false;
    for (const channel of [...this.follows.keys()]) this.unfollow(channel);
    this.#exchange.calls.leave(this);
    this.#exchange.links.delete(this);
    this.#open = false;
    this.#ended(this);
    return true;
  }
}
