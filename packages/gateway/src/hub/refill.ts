import { type HistoryPage, isFailure } from "@holdfast/broker";
import type { Timer } from "@holdfast/core";
import type { Position, ResetReason } from "@holdfast/protocol";
import type { HubContext } from "./context.js";
import { following, judge, positionAt } from "./continuity.js";
import type { HubChannel } from "./hub-channel.js";
import { findRestart, type Restart } from "./restart.js";

/** Pause after the first failed read, and the longest one, in milliseconds. */
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 5_000;

/**
 * Brings a channel's live subscribers up to the engine's head from history: one read at a time,
 * whatever asked for it. What cannot be continued becomes a reset for all of them.
 */
export class Refill {
  readonly #channel: HubChannel;
  readonly #context: HubContext;
  #running = false;
  #again = false;
  #retryMs = FIRST_RETRY_MS;
  #retryTimer: Timer | undefined;

  constructor(channel: HubChannel, context: HubContext) {
    this.#channel = channel;
    this.#context = context;
  }

  get running(): boolean {
    return this.#running;
  }

  /** Compares with the engine and fills in; while one runs, another follows it. */
  start(): void {
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#running = true;
    this.#read();
  }

  stop(): void {
    this.#running = false;
    this.#again = false;
    this.#retryTimer?.cancel();
  }

  #read(): void {
    this.#again = false;
    const { reads, settings } = this.#context;
    const channel = this.#channel;
    const asked = channel.last;
    reads.read(
      {
        channel: channel.name,
        after: asked.offset,
        maxCount: settings.replayPageEntries,
        maxBytes: settings.replayPageBytes,
      },
      {
        wanted: () => !channel.released,
        done: (page) => {
          if (isFailure(page)) this.#retry();
          else this.#apply(asked, page);
        },
      },
    );
  }

  #apply(asked: Position, page: HistoryPage): void {
    this.#retryMs = FIRST_RETRY_MS;
    const channel = this.#channel;
    this.#goOn(channel.live.size === 0 ? this.#skip(page) : this.#continue(asked, page));
  }

  #goOn(more: boolean | "stuck" | "waiting"): void {
    if (more === "waiting") return;
    if (more === "stuck") this.#retry();
    else if (more || this.#again) this.#read();
    else this.#running = false;
  }

  /** Nobody is live: replays read for themselves, so the newest position is all that is needed. */
  #skip(page: HistoryPage): boolean {
    const { last } = this.#channel;
    const stale = page.epoch === last.epoch && page.top <= last.offset;
    if (!stale) this.#channel.jump(positionAt(page.epoch, page.top, page.topId));
    return false;
  }

  /** true: there is more to read. */
  #continue(asked: Position, page: HistoryPage): boolean | "stuck" | "waiting" {
    const channel = this.#channel;
    const verdict = judge(asked, page);
    if (channel.last !== asked && !(verdict.ok && verdict.epoch === channel.last.epoch)) {
      // The relay was faster than this page; what it says of an older position proves nothing.
      return true;
    }
    if (!verdict.ok) {
      this.#restart(verdict.reason, page);
      return "waiting";
    }
    if (verdict.epoch !== channel.last.epoch) channel.continueIn(verdict.epoch, page.top);
    const before = channel.last.offset;
    for (const entry of following(before, page.entries)) channel.advance(page.epoch, entry);
    this.#context.metrics.refilled.add(channel.last.offset - before);
    if (channel.last.offset >= page.top) return false;
    return channel.last.offset > before ? true : "stuck";
  }

  /** Gives up continuity, once the state is there to go on from. */
  #restart(reason: ResetReason, page: HistoryPage): void {
    const channel = this.#channel;
    const { last } = channel;
    const { hubRingEntries } = this.#context.settings;
    findRestart(channel.state, reason, page, hubRingEntries, (restart) => {
      if (!this.#running) return;
      if (isFailure(restart)) this.#retry();
      // Meanwhile the relay was faster: judged anew.
      else if (channel.last !== last) this.#read();
      else this.#goOn(this.#reset(restart));
    });
  }

  #reset(restart: Restart): boolean {
    this.#channel.reset(restart);
    return restart.position.offset < restart.top;
  }

  #retry(): void {
    const { clock, random } = this.#context;
    const delayMs = this.#retryMs * (0.5 + random.next() / 2);
    this.#retryMs = Math.min(this.#retryMs * 2, MAX_RETRY_MS);
    this.#retryTimer = clock.after(delayMs, () => {
      if (this.#running) this.#read();
    });
  }
}
