import type { Entry, HistoryBounds } from "@holdfast/broker";

/** A retained entry, and the message it lies in. */
export interface Retained {
  readonly entry: Entry;
  readonly bytes: number;
  readonly atMs: number;
  readonly seq: number;
}

/** The retained tail of a channel as it was decided. */
export class FoldedLog {
  #retained: Retained[] = [];
  #start = 0;
  bytes = 0;
  top = 0;
  topId: string | undefined;
  bounds: HistoryBounds = { maxCount: 0, maxBytes: 0, maxAgeMs: 0 };

  get count(): number {
    return this.#retained.length - this.#start;
  }

  get first(): number {
    return this.top - this.count + 1;
  }

  at(offset: number): Retained | undefined {
    if (offset < this.first || offset > this.top) return undefined;
    return this.#retained[this.#start + offset - this.first];
  }

  append(retained: Retained): void {
    this.#retained.push(retained);
    this.bytes += retained.bytes;
    this.top = retained.entry.offset;
    this.topId = retained.entry.id;
  }

  /** Lets the entries before an offset go. */
  trimTo(first: number): void {
    while (this.count > 0 && this.first < first) {
      this.bytes -= this.#retained[this.#start]?.bytes ?? 0;
      this.#start += 1;
    }
    if (this.#start > 32 && this.#start * 2 > this.#retained.length) {
      this.#retained = this.#retained.slice(this.#start);
      this.#start = 0;
    }
  }
}
