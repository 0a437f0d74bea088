import { type Entry, type EphemeralRequest, type Head, isFailure } from "@holdfast/broker";
import type { Clock, Timer } from "@holdfast/core";
import type { DownMessage, Failure, Position, StateMode } from "@holdfast/protocol";
import { ask } from "./ask.js";
import type { ChannelPolicy } from "./channel-policy.js";
import type { HubContext } from "./context.js";
import { positionAt } from "./continuity.js";
import { CurrentHead } from "./current-head.js";
import { Encoded, ephemeralOf, publicationOf } from "./encoded.js";
import { EntryRing } from "./entry-ring.js";
import { LiveSet } from "./live-set.js";
import { PresenceWatch } from "./presence-watch.js";
import { Refill } from "./refill.js";
import type { Replay } from "./replay.js";
import type { Restart } from "./restart.js";
import { FoldedState } from "./state/folded-state.js";
import { HandledState } from "./state/handled-state.js";
import type { StateSource } from "./state/source.js";
import { Welcome } from "./state/welcome.js";
import type { Subscription } from "./subscription.js";

type Phase = "new" | "asking" | "following" | "released";

/** Entries kept while the engine has not yet confirmed the follow. */
const MAX_EARLY_ENTRIES = 256;

/**
 * One followed channel of this gateway: its newest position, a ring of recent entries, and the live
 * subscribers, who all stand at `last`. Every entry passes the contiguity check exactly once here.
 */
export class HubChannel {
  readonly name: string;
  /** Stands for the channel in binary codecs. */
  readonly ref: number;
  readonly policy: ChannelPolicy;
  readonly ring: EntryRing;
  readonly presence: PresenceWatch;
  readonly refill: Refill;
  readonly head: CurrentHead;
  /** Present where the channel has state. */
  readonly state: StateSource | undefined;
  readonly welcome: Welcome;
  readonly live = new LiveSet();
  /** The last entry handed to the live subscribers. */
  last: Position = { epoch: "", offset: 0 };
  readonly #context: HubContext;
  readonly #released: (channel: HubChannel) => void;
  #phase: Phase = "new";
  #users = 0;
  #idleTimer: Timer | undefined;
  #waiting: ((outcome: Failure | undefined) => void)[] = [];
  #early: { epoch: string; entry: Entry }[] = [];
  #stalled = new Set<Replay>();

  constructor(
    name: string,
    ref: number,
    policy: ChannelPolicy,
    context: HubContext,
    released: (channel: HubChannel) => void,
  ) {
    this.name = name;
    this.ref = ref;
    this.policy = policy;
    this.#context = context;
    this.#released = released;
    this.ring = new EntryRing(context.settings.hubRingEntries, context.settings.hubRingBytes);
    this.presence = new PresenceWatch(name, context);
    this.refill = new Refill(this, context);
    this.head = new CurrentHead(name, context);
    this.state = this.#makeState();
    this.welcome = new Welcome(context.clock, ref);
  }

  get clock(): Clock {
    return this.#context.clock;
  }

  get following(): boolean {
    return this.#phase === "following";
  }

  get released(): boolean {
    return this.#phase === "released";
  }

  /** Counts a user (subscription or presence watcher) in; the channel is followed while it has any. */
  hold(): void {
    this.#users++;
    this.#idleTimer?.cancel();
    this.#idleTimer = undefined;
  }

  /** Counts a user out. */
  letGo(): void {
    this.#users--;
    if (this.#users > 0 || this.#phase === "released") return;
    const { clock, settings } = this.#context;
    if (this.live.size === 0) this.ring.clear();
    this.#idleTimer = clock.after(settings.unfollowDelayMs, () => this.release());
  }

  /** Calls back once the engine has confirmed the follow, or has failed to. */
  whenFollowing(callback: (outcome: Failure | undefined) => void): void {
    if (this.#phase === "following") {
      callback(undefined);
      return;
    }
    this.#waiting.push(callback);
    if (this.#phase !== "new") return;
    this.#phase = "asking";
    const { link } = this.#context;
    ask(
      () => link.follow(this.name, { presence: this.policy.presence }),
      (outcome) => this.#followed(outcome),
    );
  }

  #followed(outcome: Head | Failure): void {
    if (this.#phase !== "asking") return;
    const waiting = this.#waiting;
    this.#waiting = [];
    if (isFailure(outcome)) {
      this.#phase = "new";
      this.#early = [];
      for (const callback of waiting) callback(outcome);
      return;
    }
    this.#phase = "following";
    this.last = positionAt(outcome.epoch, outcome.offset, outcome.id);
    const early = this.#early;
    this.#early = [];
    for (const { epoch, entry } of early) this.onEntry(epoch, entry);
    for (const callback of waiting) callback(undefined);
  }

  /** An entry from the relay: the next one goes out, an old one is dropped, anything else is looked into. */
  onEntry(epoch: string, entry: Entry): void {
    if (this.#phase !== "following") {
      if (this.#early.length === MAX_EARLY_ENTRIES) this.#early.shift();
      this.#early.push({ epoch, entry });
      return;
    }
    const sameEpoch = epoch === this.last.epoch;
    if (sameEpoch && entry.offset <= this.last.offset) return;
    if ((sameEpoch && entry.offset === this.last.offset + 1) || !this.policy.retains) {
      this.advance(epoch, entry);
    } else {
      this.refill.start();
    }
  }

  onEphemeral(request: EphemeralRequest): void {
    if (this.live.size === 0) return;
    const encoded = new Encoded(ephemeralOf(request), this.ref);
    this.live.send(encoded, "ephemeral", this.#context.broadcast);
    this.#context.metrics.deliveries.add(this.live.size);
  }

  /** The engine says the newest position is this one: fills in what the relay may have lost. */
  compare(head: Head): void {
    if (this.#phase !== "following") return;
    if (head.epoch === this.last.epoch && head.offset <= this.last.offset) return;
    if (this.policy.retains) this.refill.start();
    else this.last = positionAt(head.epoch, head.offset, head.id);
  }

  /** Hands the next entry to everyone who is live. */
  advance(epoch: string, entry: Entry): void {
    this.last = { epoch, offset: entry.offset, id: entry.id };
    this.state?.advanced(epoch, entry);
    const encoded = new Encoded(publicationOf(this.name, entry), this.ref);
    this.live.send(encoded, "stored", this.#context.broadcast);
    this.#context.metrics.deliveries.add(this.live.size);
    if (this.#users > 0 && this.policy.retains) this.ring.push(entry.offset, entry.id, encoded);
    else this.ring.clear();
    this.#wakeStalled();
  }

  /** Moves to another position without telling anybody: there is nobody live, or they were told. */
  jump(position: Position): void {
    this.ring.clear();
    this.last = position;
    this.#wakeStalled();
  }

  /** The same entries go on under a new epoch: positions of the old one would soon be worthless. */
  continueIn(epoch: string, top: number): void {
    const position = { ...this.last, epoch };
    this.state?.continued(this.last.epoch, position);
    this.#tellLive({
      type: "subscribed",
      channel: this.name,
      resumed: true,
      position,
      top,
      ...this.terms,
    });
    this.jump(position);
  }

  /** Continuity is lost for everyone who is live. */
  reset(restart: Restart): void {
    this.#context.metrics.reset(restart.reason, this.live.size);
    this.#tellLive({ type: "reset", channel: this.name, ...restart });
    this.jump(restart.position);
  }

  /** What every `subscribed` says of the channel. A paced subscription skips offsets legitimately. */
  get terms(): { readonly contiguous: boolean; readonly mode?: StateMode } {
    const contiguous = this.policy.maxPerSecond === undefined;
    return this.state === undefined ? { contiguous } : { contiguous, mode: this.state.mode };
  }

  /** The entry at an offset, as far as the ring reaches back. */
  recent(offset: number): { readonly id: string; readonly data: unknown } | undefined {
    const slot = this.ring.at(offset);
    const message = slot?.encoded.message;
    return message?.type === "publication" ? { id: message.id, data: message.data } : undefined;
  }

  /** Calls the replay's `wake` when `last` moves. */
  stall(replay: Replay): void {
    this.#stalled.add(replay);
    this.refill.start();
  }

  /** Takes a subscription out that `hold` had counted in. */
  remove(subscription: Subscription): void {
    this.live.delete(subscription);
    this.letGo();
  }

  forgetStalled(replay: Replay): void {
    this.#stalled.delete(replay);
  }

  /** Ends the follow. */
  release(): void {
    if (this.#phase === "released") return;
    const followed = this.#phase !== "new";
    this.#phase = "released";
    this.#idleTimer?.cancel();
    this.refill.stop();
    this.state?.release();
    this.welcome.release();
    this.ring.clear();
    if (followed) this.#context.link.unfollow(this.name);
    this.#released(this);
  }

  #makeState(): StateSource | undefined {
    const { state } = this.policy;
    if (state === undefined) return undefined;
    return state.mode === "handler"
      ? new HandledState(state.handler, this, this.#context)
      : new FoldedState(state.mode, this, this.#context);
  }

  #tellLive(message: DownMessage): void {
    const encoded = new Encoded(message, this.ref);
    this.live.send(encoded, "control", this.#context.broadcast);
  }

  #wakeStalled(): void {
    if (this.#stalled.size === 0) return;
    const stalled = this.#stalled;
    this.#stalled = new Set();
    for (const replay of stalled) replay.wake();
  }
}
