import { type Failure, failure, type Member } from "@holdfast/protocol";
import {
  type BrokerLink,
  type BrokerListener,
  type EphemeralRequest,
  type Head,
  type HistoryPage,
  type HistoryQuery,
  isFailure,
  type PartitionChanges,
  type PresenceView,
  type PublishOutcome,
  type PublishRequest,
  type Snapshot,
} from "../../contract.js";
import { partitionOf } from "../../memory/partitions.js";
import { Connection } from "./connection.js";
import type { Event, Operation, Telling } from "./wire.js";

/** Signs of life in one lease. */
const beatsPerLease = 4;
/** Pause before the engine is tried again. */
const retryMs = 100;

/** What a link is made of. */
export interface RemoteLinkOptions {
  readonly port: number;
  readonly gateway: string;
  readonly listener: BrokerListener;
  readonly partitions: number;
  readonly leaseMs: number;
  readonly ended: (link: RemoteLink) => void;
}

/**
 * One gateway's link to an engine in another process. When its connection is lost, or its lease
 * was missed, it begins a new incarnation: follows again and registers its members again.
 */
export class RemoteLink implements BrokerLink {
  readonly #options: RemoteLinkOptions;
  readonly #follows = new Map<string, { readonly presence: boolean }>();
  readonly #members = new Map<string, Map<string, Member>>();
  #connection: Connection | undefined;
  #incarnation: number | undefined;
  #count = 0;
  #beat: NodeJS.Timeout | undefined;
  #beatMs = 0;
  #retry: NodeJS.Timeout | undefined;
  #open = true;

  private constructor(options: RemoteLinkOptions) {
    this.#options = options;
  }

  /** Rejects when the engine cannot be reached. */
  static async connect(options: RemoteLinkOptions): Promise<RemoteLink> {
    const link = new RemoteLink(options);
    await link.#begin();
    const everyMs = options.leaseMs / beatsPerLease;
    link.#beatMs = performance.now();
    link.#beat = setInterval(() => link.#live(), everyMs);
    link.#beat.unref();
    return link;
  }

  /** The engine can be reached, as far as the link knows. */
  get available(): boolean {
    return this.#connection !== undefined;
  }

  publish(request: PublishRequest): Promise<PublishOutcome> {
    return this.#ask({ op: "publish", args: [request] });
  }

  publishEphemeral(request: EphemeralRequest): Promise<{ readonly ok: true } | Failure> {
    return this.#ask({ op: "publishEphemeral", args: [request] });
  }

  async follow(channel: string, options: { readonly presence: boolean }): Promise<Head | Failure> {
    const presence = options.presence || this.#follows.get(channel)?.presence === true;
    if (this.#open) this.#follows.set(channel, { presence });
    return this.#ask<Head>({ op: "follow", args: [channel, { presence }] });
  }

  unfollow(channel: string): void {
    if (this.#follows.delete(channel)) this.#tell({ op: "unfollow", args: [channel] });
  }

  read(query: HistoryQuery): Promise<HistoryPage | Failure> {
    return this.#ask({ op: "read", args: [query] });
  }

  heads(channels: readonly string[]): Promise<readonly Head[] | Failure> {
    return this.#ask({ op: "heads", args: [channels] });
  }

  partitionOf(channel: string): number {
    return partitionOf(channel, this.#options.partitions);
  }

  changes(partition: number, cursor: string | undefined): Promise<PartitionChanges | Failure> {
    return this.#ask({ op: "changes", args: [partition, cursor] });
  }

  loadSnapshot(channel: string): Promise<Snapshot | null | Failure> {
    return this.#ask({ op: "loadSnapshot", args: [channel] });
  }

  storeSnapshot(channel: string, snapshot: Snapshot): Promise<boolean | Failure> {
    return this.#ask({ op: "storeSnapshot", args: [channel, snapshot] });
  }

  async enter(channel: string, member: Member): Promise<{ readonly ok: true } | Failure> {
    const count = this.#count;
    const entered = await this.#ask<{ readonly ok: true }>({
      op: "enter",
      args: [channel, member],
    });
    // Of an earlier incarnation: whether it is still there is not known here.
    if (isFailure(entered) || count !== this.#count) return entered;
    const members = this.#members.get(channel) ?? new Map<string, Member>();
    this.#members.set(channel, members.set(member.id, member));
    return entered;
  }

  leave(channel: string, memberId: string, options: { readonly grace: boolean }): void {
    const members = this.#members.get(channel);
    members?.delete(memberId);
    if (members?.size === 0) this.#members.delete(channel);
    // Unheard, it comes true when the lease of the incarnation that entered it runs out.
    this.#tell({ op: "leave", args: [channel, memberId, options] });
  }

  presence(channel: string, maxMembers: number): Promise<PresenceView | Failure> {
    return this.#ask({ op: "presence", args: [channel, maxMembers] });
  }

  /** Settles when everything asked for before has been carried out and told. */
  async settle(): Promise<void> {
    await this.#ask({ op: "settle", args: [] });
  }

  async close(): Promise<void> {
    const connection = this.#connection;
    this.#end();
    await connection?.greet({ type: "bye" }, "bye").catch(() => undefined);
    connection?.cut();
  }

  /** Ends without a word, as a killed process does. */
  crash(): void {
    const connection = this.#connection;
    this.#end();
    connection?.cut();
  }

  #end(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#connection = undefined;
    this.#follows.clear();
    this.#members.clear();
    clearInterval(this.#beat);
    clearTimeout(this.#retry);
    this.#options.ended(this);
  }

  #ask<T>(operation: Operation): Promise<T | Failure> {
    if (!this.#open) return Promise.resolve(failure("closed", "The link was closed."));
    return this.#connection?.ask<T>(operation) ?? Promise.resolve(failure("unavailable"));
  }

  #tell(telling: Telling): void {
    this.#connection?.tell({ type: "tell", ...telling });
  }

  /** A sign of life; when it comes too late the lease is missed, whatever the engine thinks. */
  #live(): void {
    const nowMs = performance.now();
    const missed = nowMs - this.#beatMs > this.#options.leaseMs;
    this.#beatMs = nowMs;
    if (missed) this.#connection?.cut();
    else this.#connection?.tell({ type: "beat" });
  }

  async #begin(): Promise<void> {
    const { port, gateway, listener } = this.#options;
    const connection: Connection = await Connection.open(
      port,
      // What an incarnation that is over still has to say is not heard.
      (event) => this.#connection === connection && tellListener(listener, event),
      () => this.#connection === connection && this.#lost(),
    );
    const former = this.#incarnation;
    this.#count += 1;
    const name = former === undefined ? gateway : `${gateway}.${this.#count}`;
    const hello = {
      type: "hello",
      gateway: name,
      ...(former !== undefined && { former }),
    } as const;
    const { incarnation } = await connection.greet(hello, "welcome").catch((cause: unknown) => {
      connection.cut();
      throw cause;
    });
    this.#incarnation = incarnation;
    if (!this.#open) connection.cut();
    else this.#connection = connection;
  }

  #lost(): void {
    this.#connection = undefined;
    this.#options.listener.onAvailability(false);
    this.#again();
  }

  #again(): void {
    if (!this.#open) return;
    this.#retry = setTimeout(() => {
      this.#begin()
        .then(() => this.#rejoin())
        .catch(() => this.#again());
    }, retryMs);
    this.#retry.unref();
  }

  /** Follows and registers again what the gateway believes to have. */
  async #rejoin(): Promise<void> {
    const connection = this.#connection;
    if (connection === undefined) return;
    const asked: Promise<unknown>[] = [];
    for (const [channel, options] of this.#follows) {
      asked.push(connection.ask({ op: "follow", args: [channel, options] }));
    }
    for (const [channel, members] of this.#members) {
      for (const member of members.values()) {
        asked.push(connection.ask({ op: "reclaim", args: [channel, member] }));
      }
    }
    const answers = await Promise.all(asked);
    if (connection !== this.#connection) return;
    if (answers.some((answer) => isFailure(answer))) {
      connection.cut();
      return;
    }
    this.#options.listener.onAvailability(true);
    this.#options.listener.onRelayGap();
  }
}

function tellListener(listener: BrokerListener, event: Event): void {
  try {
    switch (event.name) {
      case "onEntry":
        listener.onEntry(...event.args);
        return;
      case "onEphemeral":
        listener.onEphemeral(...event.args);
        return;
      case "onPresence":
        listener.onPresence(...event.args);
        return;
      case "onRelayGap":
        listener.onRelayGap();
        return;
      case "onAvailability":
        listener.onAvailability(...event.args);
    }
  } catch {
    // A listener's own mistake; the others get their messages.
  }
}
