import type { Entry, HistoryBounds } from "../contract.js";
import type { EntryLog } from "../memory/channel-log.js";
import {
  decodeEntry,
  decodeHeader,
  type EntryHeader,
  encodeEntry,
  writeHeader,
} from "./entry-codec.js";
import { passingKey } from "./keys.js";
import type { LogRow, Table } from "./store.js";

/** A row read from its table. */
interface Read {
  readonly offset: number;
  readonly row: Buffer;
}

/**
 * The retained tail of a channel, in the store. Trimming moves `first` on at once, found by halving
 * rather than by walking; the rows before it are cleared away a few at a time.
 */
export class StoredLog implements EntryLog {
  readonly #table: Table<Buffer>;
  readonly #id: number;
  #top: number;
  #topId: string | undefined;
  #first: number;
  #kept: number;
  #total: number;
  #bounds: HistoryBounds;
  #ahead: Buffer | undefined;
  /** The row read last: its size and its entry are asked for one after the other. */
  #last: Read | undefined;
  /** Header of some entry at or before `first`: no entry after it is older, or has more bytes behind it. */
  #older: EntryHeader | undefined;

  constructor(table: Table<Buffer>, id: number, row: LogRow) {
    this.#table = table;
    this.#id = id;
    this.#top = row.top;
    this.#topId = row.topId;
    this.#first = row.first;
    this.#kept = row.kept;
    this.#total = row.total;
    this.#bounds = row.bounds;
  }

  get top(): number {
    return this.#top;
  }

  get topId(): string | undefined {
    return this.#topId;
  }

  get first(): number {
    return this.#first;
  }

  get count(): number {
    return this.#top - this.#first + 1;
  }

  get bytes(): number {
    return this.#bytesFrom(this.#first);
  }

  /** Rows that are trimmed and not yet cleared away. */
  get uncleared(): number {
    return this.#first - this.#kept;
  }

  /** What is kept of the log besides its rows. */
  get row(): LogRow {
    return {
      top: this.#top,
      ...(this.#topId === undefined ? {} : { topId: this.#topId }),
      first: this.#first,
      kept: this.#kept,
      total: this.#total,
      bounds: this.#bounds,
    };
  }

  at(offset: number): Entry | undefined {
    const row = this.#rowAt(offset);
    return row === undefined ? undefined : decodeEntry(offset, row);
  }

  bytesAt(offset: number): number {
    return this.#headerAt(offset)?.bytes ?? 0;
  }

  /** The row of the entry that is appended next, encoded ahead; undefined: it is not. */
  expect(row: Buffer | undefined): void {
    this.#ahead = row;
  }

  append(entry: Entry, bytes: number, bounds: HistoryBounds, nowMs: number): void {
    if (entry.offset !== this.#top + 1) {
      throw new Error(`entry ${entry.offset} does not follow ${this.#top}`);
    }
    this.#total += bytes;
    const row = this.#ahead ?? encodeEntry(withoutOffset(entry));
    this.#ahead = undefined;
    writeHeader(row, { atMs: nowMs, total: this.#total, bytes });
    this.#table.put(passingKey(this.#id, entry.offset), row);
    this.#top = entry.offset;
    this.#topId = entry.id;
    this.#bounds = bounds;
  }

  trim(nowMs: number, keepFrom: number): void {
    const end = Math.min(keepFrom, this.#top + 1);
    const byCount = this.#top - this.#bounds.maxCount + 1;
    this.#first = Math.max(this.#first, Math.min(byCount, end));
    if (this.#first >= end) return;
    // Without reading the oldest, as long as one before it says enough.
    if (this.#older !== undefined && !this.#exceeds(this.#older, nowMs)) return;
    this.#older = this.#headerAt(this.#first);
    if (this.#older !== undefined && !this.#exceeds(this.#older, nowMs)) return;
    // The oldest goes: halve towards the oldest that stays. What is exceeded once is so for all before.
    let gone = this.#first;
    let stays = end;
    while (stays - gone > 1) {
      const middle = Math.floor((gone + stays) / 2);
      if (this.#exceeded(middle, nowMs)) gone = middle;
      else stays = middle;
    }
    this.#first = stays;
  }

  /** Clears away up to `maxRows` trimmed rows. */
  clear(maxRows: number): void {
    const end = Math.min(this.#first, this.#kept + maxRows);
    for (; this.#kept < end; this.#kept += 1) {
      this.#table.remove(passingKey(this.#id, this.#kept));
    }
  }

  cut(upTo: number): void {
    if (upTo !== this.#top) throw new Error("a store loses no suffix of a channel");
  }

  copy(): StoredLog {
    throw new Error("a stored log is the only one");
  }

  #exceeded(offset: number, nowMs: number): boolean {
    const header = this.#headerAt(offset);
    return header !== undefined && this.#exceeds(header, nowMs);
  }

  /** Whether the bounds let an entry go that everything after it is retained with. */
  #exceeds(header: EntryHeader, nowMs: number): boolean {
    if (this.#bytesBehind(header) > this.#bounds.maxBytes) return true;
    return nowMs - header.atMs >= this.#bounds.maxAgeMs;
  }

  /** Payload bytes of what would be retained from an offset on. */
  #bytesFrom(offset: number): number {
    const header = this.#headerAt(offset);
    return header === undefined ? 0 : this.#bytesBehind(header);
  }

  #bytesBehind({ total, bytes }: EntryHeader): number {
    return this.#total - total + bytes;
  }

  #headerAt(offset: number): EntryHeader | undefined {
    const row = this.#rowAt(offset);
    return row === undefined ? undefined : decodeHeader(row);
  }

  #rowAt(offset: number): Buffer | undefined {
    if (offset < this.#first || offset > this.#top) return undefined;
    if (this.#last?.offset === offset) return this.#last.row;
    const row = this.#table.get(passingKey(this.#id, offset));
    if (row === undefined) throw new Error(`the store lacks entry ${offset} of a channel`);
    this.#last = { offset, row };
    return row;
  }
}

function withoutOffset({ offset: _offset, ...content }: Entry): Omit<Entry, "offset"> {
  return content;
}
