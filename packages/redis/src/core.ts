import type { BrokerListener } from "@holdfast/broker";
import { closed, inTime, unreachable } from "@holdfast/broker/internal";
import type { Clock, Logger, Random, Timer } from "@holdfast/core";
import type { Failure } from "@holdfast/protocol";
import { Callers } from "./calls/callers.js";
import { Inboxes } from "./calls/inboxes.js";
import { decodeCallMessage } from "./calls/messages.js";
import { Services } from "./calls/services.js";
import { Channels } from "./channels.js";
import { Commands, decodeCommand } from "./commands.js";
import { Follows } from "./follows.js";
import type { Keys } from "./keys.js";
import { Leases } from "./leases.js";
import type { RedisLimits } from "./limits.js";
import { Logs } from "./logs.js";
import { Nodes } from "./nodes.js";
import { Presence } from "./presence/presence.js";
import { Publisher } from "./publishing/publisher.js";
import { Relay } from "./relay/relay.js";
import type { Servers, ServersListener } from "./servers/servers.js";

/** What a link is made of. */
export interface LinkOptions {
  readonly gateway: string;
  readonly listener: BrokerListener;
  readonly servers: (listener: ServersListener) => Servers;
  readonly keys: Keys;
  readonly limits: RedisLimits;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

const linkNameLength = 16;
/** Looks in the life of an idle channel by which one that is followed is kept. */
const touchesPerLife = 4;
/** Channels kept in one go. */
const touchBatch = 1_000;

/** The parts of a link, put together, and its life: begins, may be out of reach, ends. */
export class LinkCore {
  readonly options: LinkOptions;
  readonly servers: Servers;
  readonly channels: Channels;
  readonly publisher: Publisher;
  readonly presence: Presence;
  readonly logs: Logs;
  readonly leases: Leases;
  readonly commands: Commands;
  readonly nodes: Nodes;
  readonly relay: Relay;
  readonly follows: Follows;
  readonly callers: Callers;
  readonly services: Services;
  readonly #inboxes: Inboxes;
  readonly #failing = new Set<string>();
  #available = true;
  #open = true;
  #touching: Timer | undefined;

  private constructor(options: LinkOptions, servers: Servers) {
    this.options = options;
    this.servers = servers;
    const { keys, limits, clock, random, logger, gateway, listener } = options;
    const parts = { servers, keys, limits, clock, random, logger, gateway, listener };
    const link = random.id(linkNameLength);
    const timeoutMs = limits.commandTimeoutMs;
    this.channels = new Channels(parts);
    this.publisher = new Publisher(parts);
    this.logs = new Logs(servers, keys, limits);
    this.leases = new Leases(servers, keys, limits, clock);
    this.commands = new Commands(servers, keys, limits, random);
    this.presence = new Presence({
      ...parts,
      hooks: {
        renamed: () => this.nodes.again(),
        keep: () => this.services.again(false),
        swept: (incarnation) => this.nodes.sweep(incarnation),
      },
    });
    this.nodes = new Nodes(servers, keys, limits, gateway, this.presence.incarnation);
    this.relay = new Relay({
      ...parts,
      incarnation: link,
      listener: {
        onMessage: (name, payload) => this.#onMessage(name, payload),
        onGap: () => this.#onGap(),
        onPlace: (place, answers) => this.#placeAnswers(place, answers),
      },
    });
    const { relay } = this;
    this.follows = new Follows({ ...parts, relay, timeoutMs });
    this.#inboxes = new Inboxes(relay, keys, clock, timeoutMs, link);
    const inboxes = this.#inboxes;
    this.callers = new Callers({ ...parts, inbox: () => inboxes.listenForReplies() });
    this.services = new Services({ ...parts, inbox: (partition) => inboxes.listen(partition) });
  }

  /** Rejects with an EngineError when the servers cannot be reached or will not do. */
  static async begin(options: LinkOptions): Promise<LinkCore> {
    let core: LinkCore | undefined;
    const servers = options.servers({
      onAvailability: () => core?.judge(),
      onPlaces: () => core?.relay.rearrange(),
    });
    await servers.open();
    const begun = new LinkCore(options, servers);
    core = begun;
    const { limits, clock, keys } = options;
    try {
      await begun.presence.open();
    } catch (error) {
      begun.stop();
      servers.close();
      throw error;
    }
    const commands = begun.relay.want(0, keys.commandRelay);
    // Should it take longer: what is missed meanwhile is read again every second.
    await inTime(clock, limits.commandTimeoutMs, commands);
    begun.judge();
    begun.#touchLater();
    return begun;
  }

  get open(): boolean {
    return this.#open;
  }

  /** The engine can be reached, as far as the link knows. */
  get available(): boolean {
    return this.#available;
  }

  /** Why nothing is asked of the server that has the partition; undefined: it may be asked. */
  refusal(partition: number): Failure | undefined {
    if (!this.#open) return closed();
    if (!this.servers.available) return unreachable();
    if (this.#failing.size === 0) return undefined;
    const place = this.servers.placeOf(partition);
    return place === undefined || this.#failing.has(place) ? unreachable() : undefined;
  }

  /** Tells the listener when the engine has come into reach or out of it. */
  judge(): void {
    const available = this.servers.available && this.#failing.size === 0;
    if (available === this.#available || !this.#open) return;
    this.#available = available;
    const { listener } = this.options;
    if (!available) this.publisher.refuseWaiting(unreachable());
    listener.onAvailability(available);
    if (available) this.#onGap();
  }

  /** Ends everything but the connection for commands; false: it had ended before. */
  stop(): boolean {
    if (!this.#open) return false;
    this.#open = false;
    this.#touching?.cancel();
    this.presence.close();
    this.follows.clear();
    this.callers.close();
    this.relay.close();
    this.publisher.refuseWaiting(closed());
    return true;
  }

  #onGap(): void {
    if (!this.#open) return;
    this.options.listener.onRelayGap();
    // Callers found nobody listening meanwhile, and took them for gone.
    this.services.again(true).catch(() => {});
  }

  #onMessage(name: string, payload: Buffer): void {
    const { listener, logger, gateway, keys } = this.options;
    if (!this.#inboxes.has(name) && name !== keys.commandRelay) {
      this.follows.onMessage(name, payload);
      return;
    }
    try {
      if (name === keys.commandRelay) {
        listener.onCommand(decodeCommand(payload.toString("utf8")));
        return;
      }
      const message = decodeCallMessage(payload);
      if (message === undefined) return;
      this.callers.onMessage(message);
      this.services.onMessage(message);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      logger.error("relay message failed", { gateway, message });
    }
  }

  #placeAnswers(place: string, answers: boolean): void {
    if (answers) this.#failing.delete(place);
    else this.#failing.add(place);
    this.judge();
  }

  #touchLater(): void {
    const { clock, limits } = this.options;
    this.#touching = clock.after(limits.channelIdleMs / touchesPerLife, () => {
      this.#touch().finally(() => {
        if (this.#open) this.#touchLater();
      });
    });
  }

  /** Keeps what is followed, and the presence this gateway has a part in, from being forgotten. */
  async #touch(): Promise<void> {
    const watched = new Set(this.presence.roster.channels());
    const followed = [...this.follows.channels()];
    for (const channel of followed) {
      if (this.follows.withPresence(channel)) watched.add(channel);
    }
    try {
      for (let from = 0; from < followed.length; from += touchBatch) {
        await this.channels.touch(followed.slice(from, from + touchBatch));
      }
      for (const channel of watched) await this.presence.rooms.watch(channel);
    } catch {
      // Unreachable; the next time comes long before anything is forgotten.
    }
  }
}
