import type { Clock, Timer } from "@holdfast/core";

/** How a pipe carries bytes. */
export interface PipeQuality {
  readonly latencyMs: number;
  /** Bytes per millisecond; the pipe takes its time with what exceeds it. */
  readonly bytesPerMs: number;
}

interface Chunk {
  readonly bytes: Uint8Array;
  readonly dueMs: number;
}

/** One direction of a link: bytes arrive late, in order, and possibly only up to some byte. */
export class Pipe {
  readonly #clock: Clock;
  readonly #quality: PipeQuality;
  readonly #deliver: (bytes: Uint8Array) => void;
  readonly #onCut: () => void;
  #queue: Chunk[] = [];
  #queuedBytes = 0;
  #lastDueMs = 0;
  #timer: Timer | undefined;
  #stalled = false;
  #broken = false;
  #budgetBytes = Number.POSITIVE_INFINITY;

  constructor(
    clock: Clock,
    quality: PipeQuality,
    events: { readonly deliver: (bytes: Uint8Array) => void; readonly cut: () => void },
  ) {
    this.#clock = clock;
    this.#quality = quality;
    this.#deliver = events.deliver;
    this.#onCut = events.cut;
  }

  /** Bytes sent and not yet arrived. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  send(bytes: Uint8Array): void {
    if (this.#broken) return;
    const { latencyMs, bytesPerMs } = this.#quality;
    const nowMs = this.#clock.monoMs();
    const dueMs = Math.max(nowMs + latencyMs, this.#lastDueMs) + bytes.length / bytesPerMs;
    this.#lastDueMs = dueMs;
    this.#queue.push({ bytes, dueMs });
    this.#queuedBytes += bytes.length;
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
    if (this.#budgetBytes === 0) this.#cut();
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
      this.#queuedBytes -= head.bytes.length;
      const part = head.bytes.subarray(0, Math.min(head.bytes.length, this.#budgetBytes));
      this.#budgetBytes -= part.length;
      if (part.length > 0) this.#deliver(part);
      if (this.#budgetBytes === 0) this.#cut();
    }
    this.#arm();
  }

  #cut(): void {
    if (this.#broken) return;
    this.break();
    this.#onCut();
  }
}
