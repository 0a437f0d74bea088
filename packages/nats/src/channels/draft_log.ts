import type { Entry, HistoryBounds } from "@holdfast/broker";
import type { EntryLog } from "@holdfast/broker/internal";
import type { FoldedLog } from "./folded_log.js";
import { type ChannelOp, storedEntry } from "./ops.js";

interface Added {
  readonly entry: Entry;
  readonly bytes: number;
  readonly atMs: number;
}

/** A channel's log with what is about to be decided, on top of what was. */
export class DraftLog implements EntryLog {
  readonly #ops: ChannelOp[];
  readonly #base: FoldedLog;
  readonly #added: Added[] = [];
  #first: number;
  #bytes: number;
  #bounds: HistoryBounds;

  /** What is done to it is noted in `ops`. */
  constructor(base: FoldedLog, ops: ChannelOp[]) {
    this.#base = base;
    this.#ops = ops;
    this.#first = base.first;
    this.#bytes = base.bytes;
    this.#bounds = base.bounds;
  }

  get top(): number {
    return this.#base.top + this.#added.length;
  }

  get topId(): string | undefined {
    return this.#added.at(-1)?.entry.id ?? this.#base.topId;
  }

  get first(): number {
    return this.#first;
  }

  get count(): number {
    return this.top - this.#first + 1;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get bounds(): HistoryBounds {
    return this.#bounds;
  }

  at(offset: number): Entry | undefined {
    return this.#at(offset)?.entry;
  }

  bytesAt(offset: number): number {
    return this.#at(offset)?.bytes ?? 0;
  }

  append(entry: Entry, bytes: number, bounds: HistoryBounds, nowMs: number): void {
    this.#added.push({ entry, bytes, atMs: nowMs });
    this.#bytes += bytes;
    this.#bounds = bounds;
    this.#ops.push(["a", storedEntry(entry), bytes, nowMs]);
  }

  trim(nowMs: number, keepFrom: number): void {
    while (this.count > 0 && this.#first < keepFrom && this.#exceeded(nowMs)) {
      this.#bytes -= this.bytesAt(this.#first);
      this.#first += 1;
    }
  }

  cut(): never {
    throw new Error("what was decided is never taken back");
  }

  copy(): never {
    throw new Error("a draft is not kept");
  }

  #at(offset: number): Added | undefined {
    if (offset < this.#first || offset > this.top) return undefined;
    return offset > this.#base.top
      ? this.#added[offset - this.#base.top - 1]
      : this.#base.at(offset);
  }

  #exceeded(nowMs: number): boolean {
    const { maxCount, maxBytes, maxAgeMs } = this.#bounds;
    if (this.count > maxCount || this.#bytes > maxBytes) return true;
    const oldest = this.#at(this.#first);
    return oldest !== undefined && nowMs - oldest.atMs >= maxAgeMs;
  }
}
