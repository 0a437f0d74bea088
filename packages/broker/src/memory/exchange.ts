import { type Clock, type Logger, type Random, silentLogger } from "@holdfast/core";
import type { ClusterCommand } from "../contract/cluster.js";
import type {
  Done,
  Entry,
  EphemeralRequest,
  Head,
  PartitionChanges,
  PresenceEvent,
} from "../contract.js";
import { Calls } from "./calls.js";
import { Commands } from "./commands.js";
import { FanOut, type Relay } from "./fan-out.js";
import { type Follower, Follows } from "./follows.js";
import { Nodes } from "./nodes.js";
import type { MemoryLimits } from "./options.js";
import { ChangeIndex, partitionOf } from "./partitions.js";
import { Presence, type PresenceJournal } from "./presence.js";

const lifeLength = 12;
/** Commands travel on their own; no application may name a channel like this. */
const commandRoute = "$commands";

/** What an exchange is made of. */
export interface ExchangeOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger?: Logger;
}

/**
 * What the links of one process share besides what is stored: who follows what, presence, calls,
 * commands, nodes, and which channels changed lately.
 */
export class Exchange {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: MemoryLimits;
  readonly logger: Logger;
  readonly follows = new Follows();
  readonly presence: Presence;
  readonly calls: Calls;
  readonly nodes: Nodes;
  /** The links that are open: commands go to every one. */
  readonly links = new Set<Follower>();
  commands: Commands;
  readonly #fanOut: FanOut;
  #changes: ChangeIndex;

  constructor(
    options: ExchangeOptions,
    limits: MemoryLimits,
    relay: Relay,
    journal?: PresenceJournal,
  ) {
    const { clock, random, logger = silentLogger } = options;
    this.clock = clock;
    this.random = random;
    this.limits = limits;
    this.logger = logger;
    this.#fanOut = new FanOut(relay);
    this.presence = new Presence(
      limits,
      clock,
      random,
      (event) => this.#tellPresence(event),
      (channel) => this.follows.hasPresence(channel),
      journal,
    );
    this.nodes = new Nodes(limits);
    this.calls = new Calls({ limits, clock, logger, relay });
    this.commands = this.#newCommands();
    this.#changes = this.#newChanges();
  }

  /** Notes that a channel has a new entry, and tells those who follow it. */
  tellEntry(channel: string, epoch: string, entry: Entry): void {
    this.noteChange(channel);
    this.#tell(channel, (follower) => follower.listener.onEntry(channel, epoch, entry));
  }

  publishEphemeral(request: EphemeralRequest): void {
    this.#tell(request.channel, (follower) => follower.listener.onEphemeral(request));
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

  partitionOf(channel: string): number {
    return partitionOf(channel, this.limits.partitions);
  }

  /** What changed after a cursor; a channel that `headOf` does not know any more is left out. */
  changesSince(
    partition: number,
    cursor: string | undefined,
    headOf: (channel: string) => Head | undefined,
  ): PartitionChanges {
    const since = this.#changes.since(partition, cursor);
    const changed = since.channels.flatMap((channel) => {
      // A channel evicted since then has no head; nobody follows it either.
      const head = headOf(channel);
      return head === undefined ? [] : [{ channel, head }];
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

  /** Forgets nodes and commands: every cursor given until now is unknown from now on. */
  forgetCluster(): void {
    this.nodes.clear();
    this.commands = this.#newCommands();
  }

  /** Calls a listener; what it throws is its own affair and must not keep others from their message. */
  guard(follower: Follower, call: () => void): void {
    try {
      call();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.logger.error("broker listener threw", { gateway: follower.gateway, message });
    }
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
}
