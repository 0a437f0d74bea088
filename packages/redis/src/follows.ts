import type { BrokerListener } from "@holdfast/broker";
import { inTime } from "@holdfast/broker/internal";
import type { Clock, Logger } from "@holdfast/core";
import type { Keys } from "./keys.js";
import { decodeFrame, decodePresence } from "./relay/frames.js";
import type { Relay } from "./relay/relay.js";

interface Follow {
  presence: boolean;
}

/** What following is made of. */
export interface FollowsOptions {
  readonly relay: Relay;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly gateway: string;
  readonly listener: BrokerListener;
  /** Longest wait for the server's confirmation, in milliseconds. */
  readonly timeoutMs: number;
}

/** The channels a gateway follows, and what arrives of them. */
export class Follows {
  readonly #options: FollowsOptions;
  readonly #follows = new Map<string, Follow>();
  /** Relay name to what it carries. */
  readonly #names = new Map<string, { readonly channel: string; readonly presence: boolean }>();

  constructor(options: FollowsOptions) {
    this.#options = options;
  }

  has(channel: string): boolean {
    return this.#follows.has(channel);
  }

  /** Channels followed. */
  channels(): Iterable<string> {
    return this.#follows.keys();
  }

  /** Whether the channel's presence is followed too. */
  withPresence(channel: string): boolean {
    return this.#follows.get(channel)?.presence === true;
  }

  /** Follows; false: the server did not confirm it in time. Presence once followed stays. */
  async add(channel: string, presence: boolean): Promise<boolean> {
    const { keys } = this.#options;
    const follow = this.#follows.get(channel) ?? { presence: false };
    this.#follows.set(channel, follow);
    follow.presence ||= presence;
    const wanted = [this.#want(channel, keys.entryRelay(channel), false)];
    if (follow.presence) wanted.push(this.#want(channel, keys.presenceRelay(channel), true));
    const { clock, timeoutMs } = this.#options;
    return await inTime(clock, timeoutMs, Promise.all(wanted));
  }

  remove(channel: string): void {
    const follow = this.#follows.get(channel);
    if (follow === undefined) return;
    this.#follows.delete(channel);
    this.#drop(channel, this.#options.keys.entryRelay(channel));
    if (follow.presence) this.#drop(channel, this.#options.keys.presenceRelay(channel));
  }

  clear(): void {
    this.#follows.clear();
    this.#names.clear();
  }

  /** Hands on what arrived by a relay, unless it is no longer followed. */
  onMessage(name: string, payload: Buffer): void {
    const known = this.#names.get(name);
    if (known === undefined) return;
    const { listener, logger, gateway } = this.#options;
    const { channel, presence } = known;
    try {
      if (presence) {
        listener.onPresence(decodePresence(channel, payload));
        return;
      }
      const frame = decodeFrame(payload);
      if (frame.kind === "ephemeral") listener.onEphemeral({ channel, ...frame.publication });
      else for (const entry of frame.entries) this.#tell(channel, frame.epoch, entry);
    } catch (error) {
      logger.error("relay message failed", { gateway, message: messageOf(error) });
    }
  }

  #tell(channel: string, epoch: string, entry: Parameters<BrokerListener["onEntry"]>[2]): void {
    const { listener, logger, gateway } = this.#options;
    // An earlier one of the same frame may have ended the following.
    if (!this.#follows.has(channel)) return;
    try {
      listener.onEntry(channel, epoch, entry);
    } catch (error) {
      logger.error("broker listener threw", { gateway, message: messageOf(error) });
    }
  }

  #want(channel: string, name: string, presence: boolean): Promise<void> {
    this.#names.set(name, { channel, presence });
    return this.#options.relay.want(this.#options.keys.partitionOf(channel), name);
  }

  #drop(channel: string, name: string): void {
    this.#names.delete(name);
    this.#options.relay.drop(this.#options.keys.partitionOf(channel), name);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
