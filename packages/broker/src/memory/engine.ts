import { type Clock, type Logger, type Random, silentLogger, type Timer } from "@holdfast/core";
import { type Failure, failure } from "@holdfast/protocol";
import type { ClusterCommand } from "../contract/cluster.js";
import type {
  Done,
  EphemeralRequest,
  Head,
  PartitionChanges,
  PresenceEvent,
  PublishOutcome,
  PublishRequest,
} from "../contract.js";
import { Calls } from "./calls.js";
import type { Channel } from "./channel.js";
import { Channels } from "./channels.js";
import { Commands } from "./commands.js";
import { FanOut, type Relay } from "./fan-out.js";
import { type Follower, Follows } from "./follows.js";
import { Leases } from "./leases.js";
import { Logs } from "./logs.js";
import { Nodes } from "./nodes.js";
import { type MemoryBrokerOptions, type MemoryLimits, resolveLimits } from "./options.js";
import { ChangeIndex, partitionOf } from "./partitions.js";
import { Presence } from "./presence.js";

const lifeLength = 12;
/** Commands travel on their own; no application may name a channel like this. */
const commandRoute = "$commands";

/** The state every link of one memory engine shares, and its one atomic step. */
export class MemoryEngine {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: MemoryLimits;
  readonly follows = new Follows();
  readonly channels: Channels;
  readonly presence: Presence;
  readonly logs: Logs;
  readonly leases: Leases;
  readonly calls: Calls;
  readonly nodes: Nodes;
  /** The links that are open: commands go to every one. */
  readonly links = new Set<Follower>();
  commands: Commands;
  readonly #logger: Logger;
  readonly #fanOut: FanOut;
  #changes: ChangeIndex;
  #sweep: Timer | undefined;

  constructor(options: MemoryBrokerOptions, relay: Relay) {
    this.clock = options.clock;
    this.random = options.random;
    this.limits = resolveLimits(options);
    this.#logger = options.logger ?? silentLogger;
    this.#fanOut = new FanOut(relay);
    this.channels = new Channels(this.limits, this.random, (name) => this.follows.has(name));
    this.presence = new Presence(
      this.limits,
      this.clock,
      this.random,
      (event) => this.#tellPresence(event),
      (channel) => this.follows.hasPresence(channel),
    );
    this.#changes = this.#newChanges();
    this.logs = new Logs(this.limits);
    this.leases = new Leases(this.limits, this.clock);
    this.nodes = new Nodes(this.limits);
    const { limits, clock } = this;
    this.calls = new Calls({ limits, clock, logger: this.#logger, relay });
    this.commands = this.#newCommands();
    this.#scheduleSweep();
  }

  /** The channel, begun now if need be. */
  channel(name: string): Channel | Failure {
    const full = "The engine holds as many channels as it may.";
    return this.channels.of(name, this.clock.monoMs()) ?? failure("busy", full);
  }

  /** Decides, appends, notes the change and fans out, in one step. */
  publish(request: PublishRequest): PublishOutcome {
    const channel = this.channel(request.channel);
    if ("ok" in channel) return channel;
    const done = channel.publish(request, this.clock.monoMs());
    if (!done.ok) return done;
    const { outcome, entry } = done;
    const { epoch, offset, id } = outcome;
    if (entry === undefined) return { ok: true, epoch, offset, id, duplicate: true };
    this.noteChange(request.channel);
    this.#tell(request.channel, (follower) =>
      follower.listener.onEntry(request.channel, epoch, entry),
    );
    return { ok: true, epoch, offset, id, duplicate: false };
  }

  publishEphemeral(request: EphemeralRequest): void {
    this.#tell(request.channel, (follower) => follower.listener.onEphemeral(request));
  }

  head(name: string): Head | Failure {
    const channel = this.channel(name);
    return "ok" in channel ? channel : channel.head;
  }

  partitionOf(channel: string): number {
    return partitionOf(channel, this.limits.partitions);
  }

  changes(partition: number, cursor: string | undefined): PartitionChanges {
    const since = this.#changes.since(partition, cursor);
    const changed = since.channels.flatMap((name) => {
      // A channel evicted since then has no head; nobody follows it either.
      const head = this.channels.peek(name)?.head;
      return head === undefined ? [] : [{ channel: name, head }];
    });
    return { cursor: since.cursor, complete: since.complete, changed };
  }

  noteChange(channel: string): void {
    this.#changes.note(this.partitionOf(channel), channel);
  }

  /** Forgets which channels changed: every cursor given until now is unknown from now on. */
  forgetChanges(): void {
    this.#changes = this.#newChanges();
  }

  /** Keeps a command and tells it to every link. */
  broadcast(given: ClusterCommand): Done {
    const command = this.commands.keep(given, this.clock.monoMs());
    if ("ok" in command) return command;
    for (const link of this.links) {
      this.#fanOut.send({ gateway: link.gateway, channel: commandRoute }, () => {
        if (this.links.has(link)) this.guard(link, () => link.listener.onCommand(command));
      });
    }
    this.#fanOut.drain();
    return { ok: true };
  }

  /** Loses what is kept for services, rooms and the cluster, as a wiped engine does. */
  wipeCoordination(): void {
    this.logs.clear();
    this.leases.clear();
    this.nodes.clear();
    this.commands = this.#newCommands();
  }

  /** Calls a listener; what it throws is its own affair and must not keep others from their message. */
  guard(follower: Follower, call: () => void): void {
    try {
      call();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#logger.error("broker listener threw", { gateway: follower.gateway, message });
    }
  }

  close(): void {
    this.#sweep?.cancel();
    this.presence.close();
    this.channels.replace(new Map());
    this.wipeCoordination();
  }

  #tellPresence(event: PresenceEvent): void {
    this.#tell(event.channel, (follower) => {
      if (follower.follows.get(event.channel)?.presence === true) {
        follower.listener.onPresence(event);
      }
    });
  }

  #tell(channel: string, call: (follower: Follower) => void): void {
    for (const follower of this.follows.of(channel)) {
      this.#fanOut.send({ gateway: follower.gateway, channel }, () => {
        // It may have unfollowed while the message was on its way.
        if (follower.follows.has(channel)) this.guard(follower, () => call(follower));
      });
    }
    this.#fanOut.drain();
  }

  #newChanges(): ChangeIndex {
    return new ChangeIndex(this.random.id(lifeLength), this.limits.maxPartitionChanges);
  }

  #newCommands(): Commands {
    return new Commands(this.limits, this.random.id(lifeLength));
  }

  #scheduleSweep(): void {
    this.#sweep = this.clock.after(this.limits.sweepIntervalMs, () => {
      const nowMs = this.clock.monoMs();
      this.channels.sweep(nowMs);
      this.logs.sweep(nowMs);
      this.leases.sweep(nowMs);
      this.#scheduleSweep();
    });
  }
}
