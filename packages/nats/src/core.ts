import type { BrokerListener } from "@holdfast/broker";
import { closed, resolveMemoryLimits, unreachable } from "@holdfast/broker/internal";
import type { Clock, Logger, Random } from "@holdfast/core";
import type { Failure } from "@holdfast/protocol";
import type { NatsAddress } from "./address.js";
import { Callers } from "./calls/callers.js";
import { Services } from "./calls/services.js";
import { Changes } from "./channels/changes.js";
import { Channels } from "./channels/channels.js";
import { Publisher } from "./channels/publisher.js";
import { Commands } from "./commands.js";
import { Follows } from "./follows.js";
import { Idle } from "./idle.js";
import { Blobs } from "./journal/blobs.js";
import { Leases } from "./leases.js";
import type { NatsLimits } from "./limits.js";
import { Logs } from "./logs/logs.js";
import { Nodes } from "./nodes.js";
import type { Parts } from "./parts.js";
import { Presence } from "./presence/presence.js";
import { presenceEvents } from "./presence/room.js";
import { Connection, type TlsTrust } from "./servers/connection.js";
import { StoreError } from "./servers/errors.js";
import { isFinal, judgeServer, refusalOf, warningOf } from "./servers/inspection.js";
import { judgeRights } from "./servers/rights.js";
import { StreamStore } from "./servers/store.js";
import { Subjects } from "./subjects.js";
import { Watch } from "./watch.js";

/** What a link is made of. */
export interface LinkOptions {
  readonly gateway: string;
  readonly listener: BrokerListener;
  readonly address: NatsAddress;
  readonly limits: NatsLimits;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly tls?: TlsTrust;
}

const linkNameLength = 16;
/** Looks at a stream when a link begins, each with its own timeout. */
const maxStartTries = 6;
/** Pause between two of them where the servers answered at once. */
const startPauseMs = 1_000;

/** Tells of a connection that is not made yet. */
interface Ears {
  commands: (available: boolean) => void;
  relay: (available: boolean) => void;
  generation: (stream: number) => void;
}

/** The parts of a link, put together, and its life: begins, may be out of reach, ends. */
export class LinkCore {
  readonly parts: Parts;
  readonly channels: Channels;
  readonly publisher: Publisher;
  readonly changes: Changes;
  readonly presence: Presence;
  readonly logs: Logs;
  readonly leases: Leases;
  readonly commands: Commands;
  readonly nodes: Nodes;
  readonly follows: Follows;
  readonly callers: Callers;
  readonly services: Services;
  readonly #idle: Idle;
  readonly #watch: Watch;
  #ready = true;
  #open = true;

  private constructor(parts: Parts, link: string) {
    this.parts = parts;
    this.channels = new Channels(parts);
    this.publisher = new Publisher(parts, this.channels);
    this.changes = new Changes(parts, this.channels);
    this.logs = new Logs(parts);
    this.leases = new Leases(parts);
    this.commands = new Commands(parts);
    this.presence = new Presence(parts);
    this.nodes = new Nodes(parts, this.presence.incarnation);
    this.callers = new Callers(parts, `${parts.subjects.prefix}.a.${link}`);
    this.services = new Services(parts, link);
    this.follows = new Follows({
      ...parts,
      onStep: (kind, channel, step) => {
        const shelf = kind === "c" ? this.channels.shelf : this.presence.rooms.shelf;
        shelf.atHand(channel)?.heard(step);
      },
      onRoom: (channel, step) => {
        if (!this.follows.withPresence(channel)) return;
        for (const event of presenceEvents(channel, step)) parts.listener.onPresence(event);
      },
    });
    this.#idle = new Idle({
      ...parts,
      link,
      leases: this.leases,
      channels: this.channels.shelf,
      rooms: this.presence.rooms.shelf,
      logs: this.logs.shelf,
    });
    this.#watch = new Watch(parts, link, this.commands, this.#idle);
  }

  /** Rejects with an EngineError when the servers cannot be reached or will not do. */
  static async begin(options: LinkOptions): Promise<LinkCore> {
    const ears: Ears = { commands: () => {}, relay: () => {}, generation: () => {} };
    const link = options.random.id(linkNameLength);
    const opened: Connection[] = [];
    const open = async (name: "commands" | "relay") => {
      const onAvailability = (available: boolean) => ears[name](available);
      const made = { ...options, name: `holdfast ${options.gateway} ${name}`, onAvailability };
      const connection = await Connection.open(made);
      opened.push(connection);
      return connection;
    };
    try {
      const commands = await open("commands");
      judgeServer(commands.info);
      const message = warningOf(commands.info);
      if (message !== undefined) options.logger.warn("the engine's servers are old", { message });
      const relay = await open("relay");
      const onGeneration = (stream: number) => ears.generation(stream);
      const parts = makeParts(options, commands, relay, link, onGeneration);
      const { subjects, stores } = parts;
      const { connectTimeoutMs } = options.limits;
      const rights = () => judgeRights(parts, subjects, link, connectTimeoutMs);
      await patiently(options.clock, rights);
      await Promise.all(stores.map((store) => patiently(options.clock, () => store.renew())));
      const core = new LinkCore(parts, link);
      ears.commands = (available) => core.#onCommands(available);
      ears.relay = (available) => core.#onRelay(available);
      ears.generation = (stream) => core.#onGeneration(stream);
      await core.presence.open();
      await core.#watch.open();
      return core;
    } catch (error) {
      await Promise.all(opened.map((connection) => connection.close()));
      throw refusalOf(error, options.address.prefix, options.limits.streams);
    }
  }

  get open(): boolean {
    return this.#open;
  }

  /** The engine can be reached, as far as the link knows. */
  get available(): boolean {
    return this.#open && this.#ready;
  }

  /** Why nothing is asked of the servers; undefined: they may be asked. */
  refusal(): Failure | undefined {
    if (!this.#open) return closed();
    return this.#ready && this.parts.commands.available ? undefined : unreachable();
  }

  /** Settles when everything stored or sent before has come by the relay. */
  async settle(): Promise<void> {
    if (this.available) await this.presence.quiet();
    await this.#watch.settle();
  }

  /** Ends everything but the connections; false: it had ended before. */
  stop(): boolean {
    if (!this.#open) return false;
    this.#open = false;
    this.#watch.close();
    this.#idle.close();
    this.presence.close();
    this.follows.clear();
    this.callers.close();
    this.commands.close();
    this.publisher.refuseWaiting(closed());
    return true;
  }

  #onCommands(available: boolean): void {
    if (!this.#open) return;
    if (available) {
      this.commands.regained();
      void this.#come();
      return;
    }
    if (!this.#ready) return;
    this.#ready = false;
    this.publisher.refuseWaiting(unreachable());
    this.parts.listener.onAvailability(false);
  }

  /** Nothing is asked before it is known whether the streams are still what they were. */
  async #come(): Promise<void> {
    const { stores, commands, listener, clock, limits } = this.parts;
    try {
      await Promise.all(stores.map((store) => store.renew()));
    } catch {
      // JetStream may come later than its server.
      clock.after(limits.maxReconnectDelayMs, () => {
        if (this.#open && commands.available && !this.#ready) void this.#come();
      });
      return;
    }
    if (!this.#open || this.#ready || !commands.available) return;
    this.#ready = true;
    listener.onAvailability(true);
    listener.onRelayGap();
  }

  #onRelay(available: boolean): void {
    if (!this.#open || !available) return;
    this.commands.missed();
    this.parts.listener.onRelayGap();
  }

  #onGeneration(stream: number): void {
    this.channels.shelf.forget(stream);
    this.logs.shelf.forget(stream);
    if (!this.#open) return;
    this.presence.lost(stream);
    this.parts.listener.onRelayGap();
  }
}

/** A cluster takes a while to agree on who leads, JetStream as well as a stream that is new. */
async function patiently(clock: Clock, work: () => Promise<void>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await work();
      return;
    } catch (error) {
      if (isFinal(error) || tries === maxStartTries) throw error;
      if (error instanceof StoreError && error.kind !== "unknown") {
        await new Promise<void>((resolve) => clock.after(startPauseMs, resolve));
      }
    }
  }
}

function makeParts(
  options: LinkOptions,
  commands: Connection,
  relay: Connection,
  link: string,
  onGeneration: (stream: number) => void,
): Parts {
  const { gateway, listener, address, clock, random, logger } = options;
  const limits = fittingLimits(options.limits, commands.info.max_payload);
  const subjects = new Subjects(address.prefix, limits.partitions, limits.streams);
  const { replicas } = address;
  const inbox = `${address.prefix}.i.${link}`;
  const shared = { connection: commands, subjects, limits, clock, random, replicas, inbox };
  const stores = Array.from(
    { length: limits.streams },
    (_, stream) => new StreamStore({ ...shared, stream, onGeneration }),
  );
  const anchorMs = clock.wallMs() - clock.monoMs();
  const nowMs = () => Math.floor(anchorMs + clock.monoMs());
  return {
    gateway,
    listener,
    commands,
    relay,
    stores,
    subjects,
    blobs: new Blobs(subjects, random, nowMs),
    limits: { ...resolveMemoryLimits({}), ...limits },
    clock,
    random,
    logger,
    nowMs,
  };
}

/** What one message is to hold must fit the server's idea of one. */
function fittingLimits(limits: NatsLimits, maxPayload: number): NatsLimits {
  const half = Math.floor(maxPayload / 2);
  return {
    ...limits,
    maxEntryBytes: Math.min(limits.maxEntryBytes, half),
    maxBatchBytes: Math.min(limits.maxBatchBytes, half),
    maxLogBatchBytes: Math.min(limits.maxLogBatchBytes, half),
    maxCallBytes: Math.min(limits.maxCallBytes, maxPayload),
  };
}
