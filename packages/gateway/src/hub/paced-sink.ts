import { type Clock, type Timer, TokenBucket } from "@holdfast/core";
import type { CloseCode, Codec } from "@holdfast/protocol";
import type { Frame } from "../transport.js";
import type { Sink } from "./sink.js";

/** Keys of which one paced subscription holds the newest publication back; beyond it the oldest is dropped. */
const MAX_HELD = 256;

interface Held {
  readonly frame: Frame;
  readonly send: (frame: Frame) => void;
}

/**
 * A sink that takes at most so many publications per second of one subscription. What comes faster
 * is conflated: the newest of each key waits for its turn. For channels where the newest is all that
 * counts; answers and resets pass at once, after what waits.
 */
export class PacedSink implements Sink {
  /** Nobody may pass it by. */
  readonly slot = 0;
  readonly #sink: Sink;
  readonly #clock: Clock;
  readonly #bucket: TokenBucket;
  readonly #held = new Map<string, Held>();
  #timer: Timer | undefined;

  constructor(sink: Sink, clock: Clock, maxPerSecond: number) {
    this.#sink = sink;
    this.#clock = clock;
    this.#bucket = new TokenBucket(clock, { perSecond: maxPerSecond, burst: 1 });
  }

  get codec(): Codec {
    return this.#sink.codec;
  }

  get hasRoom(): boolean {
    return this.#sink.hasRoom;
  }

  whenRoom(callback: () => void): void {
    this.#sink.whenRoom(callback);
  }

  fail(code: CloseCode): void {
    this.#sink.fail(code);
  }

  control(frame: Frame): void {
    // What waits was before it: nothing newer may come to replace it.
    for (const held of this.#held.values()) held.send(held.frame);
    this.clear();
    this.#sink.control(frame);
  }

  stored(frame: Frame): void {
    this.#offer("s", { frame, send: (each) => this.#sink.stored(each) });
  }

  ephemeral(frame: Frame): void {
    const key = frame.conflation?.key;
    const name = key === undefined ? "e" : `k${key}`;
    this.#offer(name, { frame, send: (each) => this.#sink.ephemeral(each) });
  }

  /** Forgets what waits; nothing is sent until something new comes. */
  clear(): void {
    this.#held.clear();
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #offer(name: string, held: Held): void {
    if (this.#held.size === 0 && this.#bucket.take()) {
      held.send(held.frame);
      return;
    }
    // A key keeps its place: replacing it must not send it behind the others again and again.
    if (!this.#held.has(name) && this.#held.size >= MAX_HELD) {
      for (const oldest of this.#held.keys()) {
        this.#held.delete(oldest);
        break;
      }
    }
    this.#held.set(name, held);
    this.#schedule();
  }

  #schedule(): void {
    this.#timer ??= this.#clock.after(this.#bucket.waitMs(), () => {
      this.#timer = undefined;
      for (const [name, { frame, send }] of this.#held) {
        if (!this.#bucket.take()) break;
        this.#held.delete(name);
        send(frame);
      }
      if (this.#held.size > 0) this.#schedule();
    });
  }
}
