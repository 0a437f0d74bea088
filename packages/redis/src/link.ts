import type {
  BrokerLink,
  BrokerListener,
  EphemeralRequest,
  Head,
  HistoryPage,
  HistoryQuery,
  PartitionChanges,
  PresenceView,
  PublishOutcome,
  PublishRequest,
  Snapshot,
} from "@holdfast/broker";
import type { Clock, Logger, Random, Timer } from "@holdfast/core";
import { type Failure, failure, type Member } from "@holdfast/protocol";
import { Channels } from "./channels.js";
import { closedFailure, failureOf, unreachable } from "./failures.js";
import { Follows } from "./follows.js";
import type { Keys } from "./keys.js";
import type { RedisLimits } from "./limits.js";
import { Presence } from "./presence/presence.js";
import { Publisher } from "./publishing/publisher.js";
import { encodeEphemeral } from "./relay/frames.js";
import { Relay } from "./relay/relay.js";
import type { Servers, ServersListener } from "./servers/servers.js";

/** What a link is made of. */
export interface RedisLinkOptions {
  readonly gateway: string;
  readonly listener: BrokerListener;
  readonly servers: (listener: ServersListener) => Servers;
  readonly keys: Keys;
  readonly limits: RedisLimits;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly ended: (link: RedisLink) => void;
}

const incarnationLength = 16;
/** Looks in the life of an idle channel by which one that is followed is kept. */
const touchesPerLife = 4;
/** Channels kept in one go. */
const touchBatch = 1_000;

/** One gateway's link to a Redis deployment, with connections of its own. */
export class RedisLink implements BrokerLink {
  readonly gateway: string;
  readonly #options: RedisLinkOptions;
  readonly #servers: Servers;
  readonly #channels: Channels;
  readonly #publisher: Publisher;
  readonly #presence: Presence;
  readonly #failing = new Set<string>();
  #follows: Follows | undefined;
  #relay: Relay | undefined;
  #available = true;
  #open = true;
  #touching: Timer | undefined;

  private constructor(options: RedisLinkOptions) {
    this.gateway = options.gateway;
    this.#options = options;
    const servers = options.servers({
      onAvailability: () => this.#judge(),
      onPlaces: () => this.#relay?.rearrange(),
    });
    this.#servers = servers;
    const { keys, limits, clock, random } = options;
    this.#channels = new Channels({ servers, keys, limits, random });
    this.#publisher = new Publisher({ servers, keys, limits, clock, random });
    this.#presence = new Presence({ servers, keys, limits, clock, random });
  }

  /** Rejects with a message for the operator when the servers cannot be reached or will not do. */
  static async connect(options: RedisLinkOptions): Promise<RedisLink> {
    const link = new RedisLink(options);
    await link.#begin();
    return link;
  }

  /** The engine can be reached, as far as the link knows. */
  get available(): boolean {
    return this.#available;
  }

  publish(request: PublishRequest): Promise<PublishOutcome> {
    const refusal = this.#refusal(request.channel);
    return refusal === undefined ? this.#publisher.publish(request) : Promise.resolve(refusal);
  }

  async publishEphemeral(request: EphemeralRequest): Promise<{ readonly ok: true } | Failure> {
    const refusal = this.#refusal(request.channel);
    if (refusal !== undefined) return refusal;
    const frame = ephemeralFrame(request);
    if (frame === undefined) return failure("invalid_data", "The data is not a JSON value.");
    try {
      const { keys } = this.#options;
      const command = this.#servers.sharded ? "SPUBLISH" : "PUBLISH";
      await this.#servers.command(command, keys.entryRelay(request.channel), frame);
      return { ok: true };
    } catch (error) {
      return failureOf(error);
    }
  }

  async follow(channel: string, options: { readonly presence: boolean }): Promise<Head | Failure> {
    const refusal = this.#refusal(channel);
    const follows = this.#follows;
    if (refusal !== undefined || follows === undefined) return refusal ?? closedFailure();
    const before = follows.has(channel);
    const head = await this.#follow(follows, channel, options.presence);
    if ("ok" in head && !before) follows.remove(channel);
    return head;
  }

  unfollow(channel: string): void {
    this.#follows?.remove(channel);
  }

  read(query: HistoryQuery): Promise<HistoryPage | Failure> {
    const refusal = this.#refusal(query.channel);
    return refusal === undefined ? this.#channels.read(query) : Promise.resolve(refusal);
  }

  async heads(channels: readonly string[]): Promise<readonly Head[] | Failure> {
    for (const channel of channels) {
      const refusal = this.#refusal(channel);
      if (refusal !== undefined) return refusal;
    }
    return await this.#channels.heads(channels);
  }

  partitionOf(channel: string): number {
    return this.#options.keys.partitionOf(channel);
  }

  async changes(
    partition: number,
    cursor: string | undefined,
  ): Promise<PartitionChanges | Failure> {
    if (!this.#open) return closedFailure();
    const changes = await this.#channels.changes(partition, cursor);
    if (!("ok" in changes) && !changes.complete && cursor !== undefined && this.#open) {
      // What else the partition held may be lost too.
      this.#presence.roster.reclaim(partition);
    }
    return changes;
  }

  async loadSnapshot(channel: string): Promise<Snapshot | null | Failure> {
    return this.#refusal(channel) ?? (await this.#channels.loadSnapshot(channel));
  }

  async storeSnapshot(channel: string, snapshot: Snapshot): Promise<boolean | Failure> {
    return this.#refusal(channel) ?? (await this.#channels.storeSnapshot(channel, snapshot));
  }

  async enter(channel: string, member: Member): Promise<{ readonly ok: true } | Failure> {
    return this.#refusal(channel) ?? (await this.#presence.enter(channel, member));
  }

  leave(channel: string, memberId: string, options: { readonly grace: boolean }): void {
    if (this.#open) this.#presence.roster.leave(channel, memberId, options.grace);
  }

  async presence(channel: string, maxMembers: number): Promise<PresenceView | Failure> {
    return this.#refusal(channel) ?? (await this.#presence.view(channel, maxMembers));
  }

  /** Settles when everything sent before has come by the relay's connections. */
  async settle(): Promise<void> {
    await this.#relay?.settle();
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#stop();
    // What cannot be said comes true when the lease runs out.
    if (this.#servers.available) await this.#presence.incarnation.end().catch(() => {});
    this.#servers.close();
  }

  /** Ends without a word, as a killed process does. */
  crash(): void {
    if (!this.#open) return;
    this.#stop();
    this.#servers.close();
  }

  async #begin(): Promise<void> {
    const { keys, limits, clock, logger, gateway, listener, random } = this.#options;
    await this.#servers.open();
    const relay = new Relay({
      servers: this.#servers,
      keys,
      limits,
      clock,
      incarnation: random.id(incarnationLength),
      listener: {
        onMessage: (name, payload) => this.#follows?.onMessage(name, payload),
        onGap: () => this.#open && listener.onRelayGap(),
        onPlace: (place, answers) => this.#placeAnswers(place, answers),
      },
    });
    this.#relay = relay;
    const timeoutMs = limits.commandTimeoutMs;
    this.#follows = new Follows({ relay, keys, clock, logger, gateway, listener, timeoutMs });
    try {
      await this.#presence.open();
    } catch (error) {
      this.crash();
      throw error;
    }
    this.#touchLater();
  }

  #stop(): void {
    this.#open = false;
    this.#touching?.cancel();
    this.#presence.close();
    this.#follows?.clear();
    this.#relay?.close();
    this.#publisher.refuseWaiting(closedFailure());
    this.#options.ended(this);
  }

  async #follow(follows: Follows, channel: string, presence: boolean): Promise<Head | Failure> {
    const { keys } = this.#options;
    if (!(await follows.add(channel, presence))) return unreachable();
    try {
      if (follows.withPresence(channel)) await this.#presence.rooms.watch(channel);
    } catch (error) {
      return failureOf(error);
    }
    const heads = await this.#channels.heads([channel]);
    if ("ok" in heads) return heads;
    return heads[0] ?? failure("internal", `No head for partition ${keys.partitionOf(channel)}.`);
  }

  /** Why nothing is asked of the server that has the channel; undefined: it may be asked. */
  #refusal(channel: string): Failure | undefined {
    if (!this.#open) return closedFailure();
    if (!this.#servers.available) return unreachable();
    if (this.#failing.size === 0) return undefined;
    const place = this.#servers.placeOf(this.partitionOf(channel));
    return place === undefined || this.#failing.has(place) ? unreachable() : undefined;
  }

  #placeAnswers(place: string, answers: boolean): void {
    if (answers) this.#failing.delete(place);
    else this.#failing.add(place);
    this.#judge();
  }

  #judge(): void {
    const available = this.#servers.available && this.#failing.size === 0;
    if (available === this.#available || !this.#open) return;
    this.#available = available;
    const { listener } = this.#options;
    if (!available) this.#publisher.refuseWaiting(unreachable());
    listener.onAvailability(available);
    if (available) listener.onRelayGap();
  }

  #touchLater(): void {
    const { clock, limits } = this.#options;
    this.#touching = clock.after(limits.channelIdleMs / touchesPerLife, () => {
      this.#touch().finally(() => {
        if (this.#open) this.#touchLater();
      });
    });
  }

  /** Keeps what is followed, and the presence this gateway has a part in, from being forgotten. */
  async #touch(): Promise<void> {
    const watched = new Set(this.#presence.roster.channels());
    const followed = [...(this.#follows?.channels() ?? [])];
    for (const channel of followed) {
      if (this.#follows?.withPresence(channel) === true) watched.add(channel);
    }
    try {
      for (let from = 0; from < followed.length; from += touchBatch) {
        await this.#channels.touch(followed.slice(from, from + touchBatch));
      }
      for (const channel of watched) await this.#presence.rooms.watch(channel);
    } catch {
      // Unreachable; the next time comes long before anything is forgotten.
    }
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
