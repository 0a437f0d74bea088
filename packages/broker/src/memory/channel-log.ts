import type { Entry, HistoryBounds } from "../contract.js";

interface Retained {
  readonly entry: Entry;
  readonly bytes: number;
  /** Monotonic time of the append: wall clocks jump, retention must not. */
  readonly atMs: number;
}

/** Nothing is retained. */
export const noHistory: HistoryBounds = { maxCount: 0, maxBytes: 0, maxAgeMs: 0 };

/** The retained tail of a channel: contiguous entries up to the newest. */
export interface EntryLog {
  /** Newest offset there has been. */
  readonly top: number;
  /** Witness of the newest entry, known even when nothing is retained. */
  readonly topId: string | undefined;
  /** Oldest retained offset; `top + 1` when nothing is retained. */
  readonly first: number;
  readonly count: number;
  /** Payload bytes of what is retained. */
  readonly bytes: number;
  /** The retained entry at an offset. */
  at(offset: number): Entry | undefined;
  /** Payload bytes of the retained entry at an offset. */
  bytesAt(offset: number): number;
  /** Appends the next entry under the bounds that hold from now on. Does not trim. */
  append(entry: Entry, bytes: number, bounds: HistoryBounds, nowMs: number): void;
  /** Drops the oldest entries that exceed the bounds, but none at or after `keepFrom`. */
  trim(nowMs: number, keepFrom: number): void;
  /** Drops what follows `upTo`; the log then ends there (or earlier entries stay trimmed). */
  cut(upTo: number): void;
  /** The same log again, independent of this one. */
  copy(): EntryLog;
}

/** The retained tail of a channel, in memory. */
export class ChannelLog implements EntryLog {
  #retained: Retained[] = [];
  /** Index of the oldest retained entry; what lies before it is garbage until the next compaction. */
  #start = 0;
  #bytes = 0;
  #top = 0;
  #topId: string | undefined;
  #bounds: HistoryBounds = noHistory;

  get top(): number {
    return this.#top;
  }

  get topId(): string | undefined {
    return this.#topId;
  }

  get first(): number {
    return this.#top - this.count + 1;
  }

  get count(): number {
    return this.#retained.length - this.#start;
  }

  get bytes(): number {
    return this.#bytes;
  }

  at(offset: number): Entry | undefined {
    return this.#at(offset)?.entry;
  }

  bytesAt(offset: number): number {
    return this.#at(offset)?.bytes ?? 0;
  }

  append(entry: Entry, bytes: number, bounds: HistoryBounds, nowMs: number): void {
    if (entry.offset !== this.#top + 1) {
      throw new Error(`entry ${entry.offset} does not follow ${this.#top}`);
    }
    this.#retained.push({ entry, bytes, atMs: nowMs });
    this.#bytes += bytes;
    this.#top = entry.offset;
    this.#topId = entry.id;
    this.#bounds = bounds;
  }

  trim(nowMs: number, keepFrom: number): void {
    while (this.count > 0 && this.first < keepFrom && this.#exceeded(nowMs)) this.#dropOldest();
    this.#compact();
  }

  cut(upTo: number): void {
    const topId = upTo === this.#top ? this.#topId : this.at(upTo)?.id;
    while (this.count > 0 && this.#top > upTo) {
      const last = this.#retained.pop();
      this.#bytes -= last?.bytes ?? 0;
      this.#top -= 1;
    }
    this.#top = upTo;
    this.#topId = topId;
  }

  copy(): ChannelLog {
    const copy = new ChannelLog();
    copy.#retained = this.#retained.slice(this.#start);
    copy.#bytes = this.#bytes;
    copy.#top = this.#top;
    copy.#topId = this.#topId;
    copy.#bounds = this.#bounds;
    return copy;
  }

  #at(offset: number): Retained | undefined {
    if (offset < this.first || offset > this.#top) return undefined;
    return this.#retained[this.#start + offset - this.first];
  }

  #exceeded(nowMs: number): boolean {
    const { maxCount, maxBytes, maxAgeMs } = this.#bounds;
    if (this.count > maxCount || this.#bytes > maxBytes) return true;
    const oldest = this.#retained[this.#start];
    return oldest !== undefined && nowMs - oldest.atMs >= maxAgeMs;
  }

  #dropOldest(): void {
    this.#bytes -= this.#retained[this.#start]?.bytes ?? 0;
    this.#start += 1;
  }

  /** Moves the array once half of it is garbage: constant work per entry on average. */
  #compact(): void {
    if (this.#start === this.#retained.length) this.#retained = [];
    else if (this.#start > 32 && this.#start * 2 > this.#retained.length) {
      this.#retained = this.#retained.slice(this.#start);
    } else return;
    this.#start = 0;
  }
}
