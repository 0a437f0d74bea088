import type { Clock, Timer } from "@holdfast/core";
import type { Parcel } from "./message.js";

/** How a pipe carries bytes. */
export interface PipeQuality {
  readonly latencyMs: number;
  /** Bytes per millisecond; the pipe takes its time with what exceeds it. */
  readonly bytesPerMs: number;
}

interface Underway {
  readonly parcel: Parcel;
  readonly dueMs: number;
}

/** What a pipe tells its link. */
export interface PipeEvents {
  /** A message has arrived whole. */
  deliver(parcel: Parcel): void;
  /** A planned cut happened; `midMessage`: some bytes of a message had arrived, and not all. */
  cut(midMessage: boolean): void;
}

/** One direction of a link: bytes arrive late, in order, and possibly only up to some byte. */
export class Pipe {
  readonly #clock: Clock;
  readonly #quality: PipeQuality;
  readonly #events: PipeEvents;
  #queue: Underway[] = [];
  #queuedBytes = 0;
  #lastDueMs = 0;
  #timer: Timer | undefined;
  #stalled = false;
  #broken = false;
  #budgetBytes = Number.POSITIVE_INFINITY;

  constructor(clock: Clock, quality: PipeQuality, events: PipeEvents) {
    this.#clock = clock;
    this.#quality = quality;
    this.#events = events;
  }

  /** Bytes sent and not yet arrived. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  send(parcel: Parcel): void {
    if (this.#broken) return;
    const { latencyMs, bytesPerMs } = this.#quality;
    const nowMs = this.#clock.monoMs();
    const dueMs = Math.max(nowMs + latencyMs, this.#lastDueMs) + parcel.bytes / bytesPerMs;
    this.#lastDueMs = dueMs;
    this.#queue.push({ parcel, dueMs });
    this.#queuedBytes += parcel.bytes;
    this.#arm();
  }

  /** Holds everything back until `resume`. */
  stall(): void {
    this.#stalled = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  resume(): void {
    this.#stalled = false;
    this.#arm();
  }

  /** Loses everything after the next `bytes` bytes to arrive. */
  cutAfter(bytes: number): void {
    this.#budgetBytes = Math.min(this.#budgetBytes, bytes);
    if (this.#budgetBytes === 0) this.#cut(false);
  }

  /** Takes back a cut that has not happened yet. */
  mend(): void {
    this.#budgetBytes = Number.POSITIVE_INFINITY;
  }

  /** Nothing arrives any more. */
  break(): void {
    this.#broken = true;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    const head = this.#queue[0];
    if (this.#timer !== undefined || this.#stalled || head === undefined) return;
    this.#timer = this.#clock.after(head.dueMs - this.#clock.monoMs(), () => {
      this.#timer = undefined;
      this.#arrive();
    });
  }

  #arrive(): void {
    const nowMs = this.#clock.monoMs();
    while (!this.#stalled && !this.#broken) {
      const head = this.#queue[0];
      if (head === undefined || head.dueMs > nowMs) break;
      this.#queue.shift();
      const { bytes } = head.parcel;
      this.#queuedBytes -= bytes;
      const arriving = Math.min(bytes, this.#budgetBytes);
      this.#budgetBytes -= arriving;
      if (arriving === bytes) this.#events.deliver(head.parcel);
      if (this.#budgetBytes === 0) this.#cut(arriving < bytes && arriving > 0);
    }
    this.#arm();
  }

  #cut(midMessage: boolean): void {
    if (this.#broken) return;
    this.break();
    this.#events.cut(midMessage);
  }
}
