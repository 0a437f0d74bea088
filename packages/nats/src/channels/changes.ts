import type { PartitionChanges } from "@holdfast/broker";
import type { Failure } from "@holdfast/protocol";
import { failureOf } from "../failures.js";
import { type Parts, storeAt } from "../parts.js";
import type { StreamStore } from "../servers/store.js";
import type { Channels } from "./channels.js";

/** Which channels of a stream have changed, as far as this link has looked. */
interface Index {
  generation: string;
  /** Changes at or before this sequence were not looked at. */
  floor: number;
  /** Everything up to here was. */
  scanned: number;
  /** Channel to the sequence of its newest change, in order of change. */
  readonly changed: Map<string, number>;
  looking: Promise<void> | undefined;
  next: Promise<void> | undefined;
}

/**
 * What changed since a cursor: a cursor is a stream's generation and sequence. The places of new
 * messages are looked through once for all partitions of a stream, and only when there are any.
 */
export class Changes {
  readonly #parts: Parts;
  readonly #channels: Channels;
  readonly #indexes = new Map<number, Index>();

  constructor(parts: Parts, channels: Channels) {
    this.#parts = parts;
    this.#channels = channels;
  }

  async since(partition: number, cursor: string | undefined): Promise<PartitionChanges | Failure> {
    const store = storeAt(this.#parts, partition % this.#parts.subjects.streams);
    try {
      const { generation, after } = readCursor(cursor);
      const index = this.#indexOf(store, generation, after);
      await this.#look(store, index);
      const known =
        generation === store.generation && after >= index.floor && after <= index.scanned;
      const next = `${store.generation}.${index.scanned}`;
      if (!known) return { cursor: next, complete: false, changed: [] };
      const names: string[] = [];
      for (const [channel, seq] of index.changed) {
        if (seq <= after) continue;
        if (this.#parts.subjects.partitionOf(channel) === partition) names.push(channel);
      }
      const heads = await this.#channels.headsIfThere(names);
      const changed = names.flatMap((channel, at) => {
        const head = heads[at];
        return head === undefined ? [] : [{ channel, head }];
      });
      return { cursor: next, complete: true, changed };
    } catch (error) {
      return failureOf(error);
    }
  }

  #indexOf(store: StreamStore, generation: string, after: number): Index {
    const known = this.#indexes.get(store.stream);
    if (known !== undefined) return known;
    // A cursor of another link is good for this one's beginning.
    const from = generation === store.generation ? after : -1;
    const index: Index = {
      generation: store.generation,
      floor: from,
      scanned: from,
      changed: new Map(),
      looking: undefined,
      next: undefined,
    };
    this.#indexes.set(store.stream, index);
    return index;
  }

  /** Looks once for all who ask before it has begun. */
  #look(store: StreamStore, index: Index): Promise<void> {
    if (index.next !== undefined) return index.next;
    const before = index.looking ?? Promise.resolve();
    const look = before
      .catch(() => {})
      .then(() => {
        index.looking = look;
        index.next = undefined;
        return this.#lookThrough(store, index);
      });
    index.next = look;
    return look;
  }

  async #lookThrough(store: StreamStore, index: Index): Promise<void> {
    const { maxScannedMessages, maxCachedChannels } = this.#parts.limits;
    const { subjects } = this.#parts;
    const last = await store.lastSeq();
    const anew = index.generation !== store.generation || last < index.scanned;
    if (anew || index.scanned < 0 || last - index.scanned > maxScannedMessages) {
      index.generation = store.generation;
      index.floor = last;
      index.scanned = last;
      index.changed.clear();
      return;
    }
    if (last === index.scanned) return;
    const filter = subjects.channelsOf(store.stream);
    for (const { seq, subject } of await store.places(filter, index.scanned + 1)) {
      const channel = subjects.channelOf(subject);
      index.changed.delete(channel);
      index.changed.set(channel, seq);
      index.scanned = Math.max(index.scanned, seq);
    }
    index.scanned = Math.max(index.scanned, last);
    for (const [channel, seq] of index.changed) {
      if (index.changed.size <= maxCachedChannels) break;
      index.changed.delete(channel);
      index.floor = seq;
    }
  }
}

/** What is no cursor of this engine is of no generation. */
function readCursor(cursor: string | undefined): { generation: string; after: number } {
  const match = /^(?<generation>[\w-]+)\.(?<seq>\d{1,16})$/.exec(cursor ?? "");
  return { generation: match?.groups?.generation ?? "", after: Number(match?.groups?.seq ?? -1) };
}
