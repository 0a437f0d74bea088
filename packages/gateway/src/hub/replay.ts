import { type Entry, type Head, isFailure } from "@holdfast/broker";
import type { Timer } from "@holdfast/core";
import {
  type Failure,
  failure,
  type Position,
  type ResetReason,
  type Subscribed,
} from "@holdfast/protocol";
import {
  type Beginning,
  beginInPage,
  beginInRing,
  beginWithState,
  type ReplayRequest,
} from "./beginning.js";
import type { HubContext } from "./context.js";
import { following, judge } from "./continuity.js";
import { Encoded } from "./encoded.js";
import type { SharedPage } from "./history-reads.js";
import { ReplayPages } from "./replay-pages.js";
import { findRestart, type Restart } from "./restart.js";
import type { Subscription } from "./subscription.js";

/** The outcome of the beginning: the answer was sent, or nothing was and this is why. */
export type ReplayAnswer = (failed: Failure | undefined) => void;

/** Pause before reading again when the engine could not be read, in milliseconds. */
const RETRY_MS = 500;
/** Advice to a replay that was not admitted: this long, and up to twice as long. */
const BUSY_RETRY_MS = 1_000;
/** The longest a replay waits for the channel to move before it looks at the engine itself, in milliseconds. */
const STALL_MS = 2_000;
/** The close code of a replay that never catches up. */
const REPLAY_EXHAUSTED = 4004;

/**
 * Takes one subscription from its position to the live stream: answers `subscribed`, then sends
 * history page by page, then the ring, and joins in the same step in which it stands where the live
 * subscribers stand. A page is asked for only when the connection's queue has room.
 */
export class Replay {
  readonly #subscription: Subscription;
  readonly #context: HubContext;
  readonly #request: ReplayRequest;
  readonly #pages: ReplayPages;
  #answer: ReplayAnswer | undefined;
  #cursor: Position = { epoch: "", offset: 0 };
  /** The newest page ended at the engine's head. */
  #atTop = false;
  #rounds = 0;
  #admitted = false;
  #ended = false;
  #timer: Timer | undefined;

  constructor(
    subscription: Subscription,
    context: HubContext,
    request: ReplayRequest,
    answer: ReplayAnswer,
  ) {
    this.#subscription = subscription;
    this.#context = context;
    this.#request = request;
    this.#answer = answer;
    this.#pages = new ReplayPages(subscription.channel.name, subscription.sink, context);
  }

  /** Begins, once the channel is followed. */
  start(): void {
    if (this.#ended) return;
    const { policy } = this.#subscription.channel;
    if (!policy.retains) {
      this.#beginUnretained();
      return;
    }
    this.#subscription.channel.head.read((head) => {
      if (this.#ended) return;
      if (isFailure(head)) this.#settle(head);
      else this.#startAt(head);
    });
  }

  /** The ring proves continuity, the engine's head what there is by now: the relay may be behind. */
  #startAt(head: Head): void {
    const { channel } = this.#subscription;
    const { last, ring, refill, state } = channel;
    const isOther = head.epoch !== last.epoch;
    const isBehind = isOther || head.offset > last.offset;
    // A new subscription begins at the newest position; one that resumes gets there from where it stood.
    const useless = refill.running || isOther || (isBehind && this.#request.position === undefined);
    const { history } = channel.policy;
    const wallMs = this.#context.clock.wallMs();
    const beginning = useless ? undefined : beginInRing(this.#request, last, ring, history, wallMs);
    if (isBehind) channel.compare(head);
    if (state !== undefined && this.#request.position === undefined) {
      beginWithState(state, head, (found) => this.#beginAt(found));
    } else if (beginning === undefined) this.#beginFromHistory();
    else {
      this.#begin({ ...beginning, top: Math.max(beginning.top, head.offset) });
      this.#step();
    }
  }

  /** The channel has moved on, or the connection has room again. */
  wake(): void {
    this.#timer?.cancel();
    this.#subscription.channel.forgetStalled(this);
    this.#atTop = false;
    this.#step();
  }

  /** Nothing is sent from here on. Calling twice does nothing. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer?.cancel();
    this.#subscription.channel.forgetStalled(this);
    this.#pages.end();
    if (this.#admitted) this.#context.turns.leave();
    this.#answer = undefined;
  }

  #beginUnretained(): void {
    const given = this.#request.position !== undefined;
    this.#context.metrics.subscribed(given ? "reset" : "fresh");
    this.#say({
      resumed: false,
      contiguous: false,
      ...(given ? { reason: "history_trimmed" } : {}),
    });
    this.#settle(undefined);
    this.#join();
  }

  #beginFromHistory(): void {
    const { turns, random, resumes, settings } = this.#context;
    const isResume = this.#request.position !== undefined;
    if ((isResume && !resumes.take()) || !turns.admit()) {
      const retryAfterMs = Math.round(BUSY_RETRY_MS * (1 + random.next()));
      this.#settle(failure("busy", "Too many resumes at once.", { retryAfterMs }));
      return;
    }
    this.#admitted = true;
    const { position, last = 0 } = this.#request;
    const { channel } = this.#subscription;
    const { state } = channel;
    const after = position?.offset ?? Math.max(0, channel.last.offset - last);
    this.#pages.read(after, (page) => {
      if (isFailure(page)) {
        this.#settle(page);
        return;
      }
      const beginning = beginInPage(this.#request, page, settings.hubRingEntries);
      if (state === undefined || beginning.reason === undefined) {
        this.#begin(beginning);
        this.#feed(page);
        this.#step();
        return;
      }
      findRestart(state, beginning.reason, page, settings.hubRingEntries, (restart) => {
        this.#beginAt(isFailure(restart) ? restart : { ...restart, outcome: "reset" });
      });
    });
  }

  /** Begins with a state, which has to find room like any page. */
  #beginAt(beginning: Beginning | Failure): void {
    if (this.#ended) return;
    if (isFailure(beginning)) {
      this.#settle(beginning);
      return;
    }
    this.#pages.whenRoom(() => {
      this.#begin(beginning);
      this.#step();
    });
  }

  #begin({ outcome, ...facts }: Beginning): void {
    this.#cursor = facts.position;
    const { metrics } = this.#context;
    metrics.subscribed(outcome);
    if (facts.reason !== undefined) metrics.reset(facts.reason, 1);
    this.#say({ resumed: outcome === "resumed", ...facts });
    this.#settle(undefined);
  }

  #say(facts: Omit<Subscribed, "type" | "id" | "channel" | "contiguous"> & { contiguous?: false }) {
    const { channel, sink } = this.#subscription;
    // Later ones announce a new epoch; only the first answers the request.
    const id = this.#answer === undefined ? undefined : this.#request.id;
    const message: Subscribed = {
      type: "subscribed",
      channel: channel.name,
      ...channel.terms,
      ...facts,
    };
    if (facts.state !== undefined) sink.control(channel.welcome.frame(message, id, sink.codec));
    else {
      const answer = new Encoded(id === undefined ? message : { ...message, id }, channel.ref);
      sink.control(answer.frame(sink.codec));
    }
  }

  #settle(failed: Failure | undefined): void {
    const answer = this.#answer;
    this.#answer = undefined;
    answer?.(failed);
  }

  /** Goes on as far as the ring and the connection's queue allow. */
  #step(): void {
    const { channel, sink } = this.#subscription;
    while (!this.#ended && !this.#pages.reading) {
      if (!sink.hasRoom) {
        this.#pages.whenRoom(() => this.wake());
        return;
      }
      this.#pages.giveBack();
      const { last } = channel;
      const sameEpoch = this.#cursor.epoch === last.epoch;
      if (sameEpoch && this.#cursor.offset === last.offset) {
        this.#join();
        return;
      }
      const next = sameEpoch ? channel.ring.at(this.#cursor.offset + 1) : undefined;
      if (next === undefined) {
        // A newest page that ended at the head says nothing of what the ring has since let go.
        const isAhead = sameEpoch ? this.#cursor.offset > last.offset : this.#atTop;
        this.#goOn(isAhead);
        return;
      }
      this.#cursor = { ...this.#cursor, offset: this.#cursor.offset + 1, id: next.id };
      sink.stored(next.encoded.frame(sink.codec));
    }
  }

  /** Reads on; but where the channel itself is behind the engine, it has to catch up first. */
  #goOn(isAhead: boolean): void {
    if (isAhead) {
      // The refill it begins may find nothing to move, so this does not rely on being woken.
      this.#timer?.cancel();
      this.#timer = this.#context.clock.after(STALL_MS, () => this.wake());
      this.#subscription.channel.stall(this);
      return;
    }
    if (++this.#rounds > this.#context.settings.maxReplayRounds) {
      this.#subscription.sink.fail(REPLAY_EXHAUSTED);
      return;
    }
    this.#pages.read(this.#cursor.offset, (page) => {
      if (isFailure(page)) this.#retry();
      else this.#continue(page);
    });
  }

  #continue(page: SharedPage): void {
    const { sink } = this.#subscription;
    const verdict = judge(this.#cursor, page);
    if (!verdict.ok) {
      this.#restart(verdict.reason, page);
      return;
    }
    if (verdict.epoch !== this.#cursor.epoch) {
      this.#cursor = { ...this.#cursor, epoch: verdict.epoch };
      this.#say({ resumed: true, position: this.#cursor, top: page.top });
    }
    const before = this.#cursor.offset;
    this.#feed(page);
    const stuck = this.#cursor.offset === before && before < page.top && sink.hasRoom;
    if (stuck) this.#retry();
    else this.#step();
  }

  /** Gives up continuity, once the state is there to go on from. */
  #restart(reason: ResetReason, page: SharedPage): void {
    const { hubRingEntries } = this.#context.settings;
    const { state } = this.#subscription.channel;
    findRestart(state, reason, page, hubRingEntries, (restart) => {
      if (this.#ended) return;
      if (isFailure(restart)) this.#retry();
      else if (state === undefined) this.#reset(restart, page);
      else this.#pages.whenRoom(() => this.#reset(restart, page));
    });
  }

  #reset(restart: Restart, page: SharedPage): void {
    const { channel, sink } = this.#subscription;
    this.#cursor = restart.position;
    this.#context.metrics.reset(restart.reason, 1);
    const message = new Encoded({ type: "reset", channel: channel.name, ...restart });
    sink.control(message.frame(sink.codec));
    if (restart.position.epoch === page.epoch) this.#feed(page);
    this.#step();
  }

  /** Sends what the queue has room for; the rest is read again when there is room. */
  #feed(page: SharedPage): void {
    const { sink } = this.#subscription;
    for (const entry of following(this.#cursor.offset, page.entries)) {
      if (this.#ended || !sink.hasRoom) break;
      this.#send(entry, page);
    }
    this.#atTop = this.#cursor.offset >= page.top;
  }

  #send(entry: Entry, page: SharedPage): void {
    const { channel, sink } = this.#subscription;
    this.#cursor = { ...this.#cursor, offset: entry.offset, id: entry.id };
    // Recent entries have been encoded for the ring already.
    const shared =
      channel.last.epoch === this.#cursor.epoch ? channel.ring.at(entry.offset) : undefined;
    const encoded = shared?.encoded ?? page.encoded(entry, channel.ref);
    sink.stored(encoded.frame(sink.codec));
  }

  #retry(): void {
    this.#pages.giveBack();
    const { clock, random } = this.#context;
    this.#timer = clock.after(RETRY_MS * (1 + random.next()), () => this.#step());
  }

  #join(): void {
    const subscription = this.#subscription;
    subscription.replay = undefined;
    subscription.channel.live.add(subscription);
    this.end();
  }
}
