import { type Entry, type Head, isFailure } from "@holdfast/broker";
import type { Timer } from "@holdfast/core";
import { type Failure, failure, type Position } from "@holdfast/protocol";
import { type Beginning, beginInPage, beginInRing, type ReplayRequest } from "./beginning.js";
import type { HubContext } from "./context.js";
import { following, judge, restartPoint } from "./continuity.js";
import { Encoded } from "./encoded.js";
import type { SharedPage } from "./history-reads.js";
import type { GiveBack } from "./page-budget.js";
import type { Subscription } from "./subscription.js";

/** The outcome of the beginning: the answer was sent, or nothing was and this is why. */
export type ReplayAnswer = (failed: Failure | undefined) => void;

/** Pause before reading again when the engine could not be read, in milliseconds. */
const RETRY_MS = 500;
/** Advice to a replay that was not admitted: this long, and up to twice as long. */
const BUSY_RETRY_MS = 1_000;
/** The longest a replay waits for the channel to move before it looks at the engine itself, in milliseconds. */
const STALL_MS = 2_000;
/** The close code of a reader that takes nothing of its replay. */
const SLOW_READER = 4001;
const INTERNAL_ERROR = 4008;
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
  #answer: ReplayAnswer | undefined;
  #cursor: Position = { epoch: "", offset: 0 };
  /** The newest page ended at the engine's head. */
  #atTop = false;
  #rounds = 0;
  #admitted = false;
  #ended = false;
  #timer: Timer | undefined;
  /** One read at a time: the page is judged by the cursor it was asked for. */
  #reading = false;
  #waitsForRoom = false;
  /** Held from the read of a page until the connection has taken it. */
  #giveBack: GiveBack | undefined;

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
    const { last, ring, refill } = channel;
    const isOther = head.epoch !== last.epoch;
    const isBehind = isOther || head.offset > last.offset;
    // A new subscription begins at the newest position; one that resumes gets there from where it stood.
    const useless = refill.running || isOther || (isBehind && this.#request.position === undefined);
    const bounds = this.#subscription.channel.policy.history;
    const beginning = useless
      ? undefined
      : beginInRing(this.#request, last, ring, bounds, this.#context.clock.wallMs());
    if (isBehind) channel.compare(head);
    if (beginning === undefined) this.#beginFromHistory();
    else {
      this.#begin({ ...beginning, top: Math.max(beginning.top, head.offset) });
      this.#step();
    }
  }

  /** The channel has moved on. */
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
    this.#giveBack?.();
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
    const after = position?.offset ?? Math.max(0, this.#subscription.channel.last.offset - last);
    this.#read(after, (page) => {
      if (isFailure(page)) {
        this.#settle(page);
        return;
      }
      this.#begin(beginInPage(this.#request, page, settings.hubRingEntries));
      this.#feed(page);
      this.#step();
    });
  }

  #begin({ position, top, outcome, reason }: Beginning): void {
    this.#cursor = position;
    const { metrics } = this.#context;
    metrics.subscribed(outcome);
    if (reason !== undefined) metrics.reset(reason, 1);
    this.#say({
      resumed: outcome === "resumed",
      position,
      top,
      contiguous: this.#isContiguous,
      ...(reason === undefined ? {} : { reason }),
    });
    this.#settle(undefined);
  }

  #say(
    facts: Omit<Extract<Encoded["message"], { type: "subscribed" }>, "type" | "id" | "channel">,
  ) {
    const { channel, sink } = this.#subscription;
    // Later ones announce a new epoch; only the first answers the request.
    const id = this.#answer === undefined ? undefined : this.#request.id;
    const message = new Encoded({
      type: "subscribed",
      ...(id === undefined ? {} : { id }),
      channel: channel.name,
      ...facts,
    });
    sink.control(message.frame(sink.codec));
  }

  /** A paced subscription skips offsets legitimately. */
  get #isContiguous(): boolean {
    return this.#subscription.channel.policy.maxPerSecond === undefined;
  }

  #settle(failed: Failure | undefined): void {
    const answer = this.#answer;
    this.#answer = undefined;
    answer?.(failed);
  }

  /** Goes on as far as the ring and the connection's queue allow. */
  #step(): void {
    const { channel, sink } = this.#subscription;
    while (!this.#ended && !this.#reading) {
      if (!sink.hasRoom) {
        this.#waitForRoom();
        return;
      }
      this.#giveBack?.();
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
    this.#read(this.#cursor.offset, (page) => {
      if (isFailure(page)) this.#retry();
      else this.#continue(page);
    });
  }

  /** A reader that takes nothing must not hold a share of the process's budget for ever. */
  #waitForRoom(): void {
    const { clock, settings } = this.#context;
    const { sink } = this.#subscription;
    if (this.#waitsForRoom) return;
    this.#waitsForRoom = true;
    this.#timer?.cancel();
    this.#timer = clock.after(settings.replayStallMs, () => sink.fail(SLOW_READER));
    sink.whenRoom(() => {
      this.#waitsForRoom = false;
      if (this.#ended) return;
      this.#timer?.cancel();
      this.#atTop = false;
      this.#step();
    });
  }

  #continue(page: SharedPage): void {
    const { channel, sink } = this.#subscription;
    const verdict = judge(this.#cursor, page);
    if (!verdict.ok) {
      const { reason } = verdict;
      this.#cursor = restartPoint(reason, page, this.#context.settings.hubRingEntries);
      this.#context.metrics.reset(reason, 1);
      const message = new Encoded({
        type: "reset",
        channel: channel.name,
        reason,
        position: this.#cursor,
        top: page.top,
      });
      sink.control(message.frame(sink.codec));
    } else if (verdict.epoch !== this.#cursor.epoch) {
      this.#cursor = { ...this.#cursor, epoch: verdict.epoch };
      this.#say({
        resumed: true,
        position: this.#cursor,
        top: page.top,
        contiguous: this.#isContiguous,
      });
    }
    const before = this.#cursor.offset;
    this.#feed(page);
    const stuck = verdict.ok && this.#cursor.offset === before && before < page.top && sink.hasRoom;
    if (stuck) this.#retry();
    else this.#step();
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
    const encoded = shared?.encoded ?? page.encoded(entry);
    sink.stored(encoded.frame(sink.codec));
  }

  #read(after: number, done: (page: SharedPage | Failure) => void): void {
    const { budget, reads, settings } = this.#context;
    const { sink } = this.#subscription;
    this.#reading = true;
    budget.take((giveBack) => {
      if (this.#ended) {
        giveBack();
        return;
      }
      this.#giveBack = giveBack;
      reads.read(
        {
          channel: this.#subscription.channel.name,
          after,
          maxCount: settings.replayPageEntries,
          maxBytes: settings.replayPageBytes,
        },
        {
          wanted: () => !this.#ended,
          done: (page) => {
            this.#reading = false;
            if (isFailure(page)) giveBack();
            try {
              done(page);
            } catch (error) {
              sink.fail(INTERNAL_ERROR);
              throw error;
            }
          },
        },
      );
    });
  }

  #retry(): void {
    this.#giveBack?.();
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
