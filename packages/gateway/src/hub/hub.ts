import type {
  Broker,
  BrokerLink,
  BrokerListener,
  ClusterCommand,
  Entry,
  EphemeralRequest,
  PresenceEvent,
  PublishOutcome,
  PublishRequest,
} from "@holdfast/broker";
import { TokenBucket } from "@holdfast/core";
import { textOf } from "./ask.js";
import type { ReplayRequest } from "./beginning.js";
import type { ChannelPolicy } from "./channel-policy.js";
import { ChannelRefs } from "./channel-refs.js";
import type { HubContext } from "./context.js";
import { HistoryReads } from "./history-reads.js";
import { HubChannel } from "./hub-channel.js";
import { PageBudget } from "./page-budget.js";
import { publishTo } from "./publish.js";
import { QuietCheck } from "./quiet-check.js";
import { Replay, type ReplayAnswer } from "./replay.js";
import type { Sink } from "./sink.js";
import { StateMemory } from "./state/state-memory.js";
import { Subscription } from "./subscription.js";

/** What a hub is made of; the link is its own to connect. */
export type HubOptions = Omit<HubContext, "link" | "reads" | "budget" | "resumes" | "states"> & {
  readonly broker: Broker;
  readonly gateway: string;
  /** Hears commands, and is told when the relay may have lost some. */
  readonly commands: { hear(command: ClusterCommand): void; look(): void };
};

/** All followed channels of one gateway over one link to the engine. */
export class Hub {
  readonly context: HubContext;
  readonly #channels = new Map<string, HubChannel>();
  readonly #refs = new ChannelRefs();
  readonly #quietCheck: QuietCheck;
  #available = true;

  /** Connects to the engine. Throws what the engine throws when it cannot be reached. */
  static async connect(options: HubOptions): Promise<Hub> {
    const { broker, commands, gateway, ...rest } = options;
    let hub: Hub | undefined;
    const guard = (step: (hub: Hub) => void): void => {
      try {
        if (hub !== undefined) step(hub);
      } catch (error) {
        rest.logger.error("relay message failed", { error: textOf(error) });
      }
    };
    const listener: BrokerListener = {
      onEntry: (channel, epoch, entry) => guard((hub) => hub.#onEntry(channel, epoch, entry)),
      onEphemeral: (request) => guard((hub) => hub.#onEphemeral(request)),
      onPresence: (event) => guard((hub) => hub.#onPresence(event)),
      onRelayGap: () =>
        guard((hub) => {
          hub.#quietCheck.compareAll();
          commands.look();
        }),
      onAvailability: (available) =>
        guard((hub) => {
          hub.#onAvailability(available);
          if (available) commands.look();
        }),
      onCommand: (command) => guard(() => commands.hear(command)),
    };
    const link: BrokerLink = await broker.connect(gateway, listener);
    const { clock, logger, settings, turns } = rest;
    hub = new Hub({
      ...rest,
      link,
      reads: new HistoryReads(link, turns, clock, logger),
      budget: new PageBudget(settings.maxReplayBytes, settings.replayPageBytes),
      states: new StateMemory(settings.maxStateMemoryBytes, rest.metrics.stateBytes),
      resumes: new TokenBucket(clock, {
        perSecond: settings.resumesPerSecond,
        burst: settings.resumesPerSecond,
      }),
    });
    return hub;
  }

  constructor(context: HubContext) {
    this.context = context;
    this.#quietCheck = new QuietCheck(context, this.#channels);
  }

  /** The engine can be reached, as far as the link knows. */
  get available(): boolean {
    return this.#available;
  }

  get channelCount(): number {
    return this.#channels.size;
  }

  /** A subscription that has not begun; its owner ends it, whatever becomes of it. */
  open(name: string, policy: ChannelPolicy, sink: Sink): Subscription {
    return new Subscription(this.hold(name, policy), sink);
  }

  /**
   * Begins a subscription. `answer` comes once: after `subscribed` was queued, or with the reason
   * why nothing was. Neither comes when the subscription ends before.
   */
  begin(subscription: Subscription, request: ReplayRequest, answer: ReplayAnswer): void {
    const replay = new Replay(subscription, this.context, request, answer);
    subscription.replay = replay;
    subscription.channel.whenFollowing((failed) => {
      if (subscription.ended) return;
      if (failed === undefined) replay.start();
      else answer(failed);
    });
  }

  /**
   * Hands a publication to the engine, once the channel's state has room for it. `sent` is called when
   * the engine has it or never will, `done` with the outcome.
   */
  publish(
    policy: ChannelPolicy,
    request: PublishRequest,
    done: (outcome: PublishOutcome) => void,
    sent: () => void = () => {},
  ): void {
    publishTo(this, policy, request, done, sent);
  }

  /** The channel, followed as long as every `hold` is matched by a `letGo`. */
  hold(name: string, policy: ChannelPolicy): HubChannel {
    let channel = this.#channels.get(name);
    if (channel === undefined) {
      channel = new HubChannel(name, this.#refs.take(), policy, this.context, (released) => {
        this.#channels.delete(released.name);
        this.#refs.giveBack(released.ref);
      });
      this.#channels.set(name, channel);
    }
    channel.hold();
    return channel;
  }

  async close(): Promise<void> {
    this.#quietCheck.stop();
    for (const channel of this.#channels.values()) channel.release();
    await this.context.link.close();
  }

  #onEntry(channel: string, epoch: string, entry: Entry): void {
    this.#channels.get(channel)?.onEntry(epoch, entry);
  }

  #onEphemeral(request: EphemeralRequest): void {
    this.#channels.get(request.channel)?.onEphemeral(request);
  }

  #onPresence(event: PresenceEvent): void {
    this.#channels.get(event.channel)?.presence.onEvent(event);
  }

  #onAvailability(available: boolean): void {
    this.#available = available;
    this.context.logger.warn(available ? "engine reachable" : "engine unreachable");
    // Whatever was appended meanwhile by others has passed us by.
    if (available) this.#quietCheck.compareAll();
  }
}
