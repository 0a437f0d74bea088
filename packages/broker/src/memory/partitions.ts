import { unitAt } from "./unit-at.js";

/** Stable hash of a name: FNV-1a over its UTF-16 units, then murmur3's finalizer so that low bits are even. */
export function partitionOf(name: string, partitions: number): number {
  let hash = 0x811c9dc5;
  const { length } = name;
  for (let at = 0; at < length; at += 1) {
    hash = Math.imul(hash ^ unitAt.call(name, at), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % partitions;
}

interface Partition {
  version: number;
  /** Changes at or below this version have been forgotten. */
  floor: number;
  /** The channel that changed last: a busy one needs not be put at the end again. */
  newest: string | undefined;
  /** Channel to the version of its newest change, in order of change. */
  readonly changed: Map<string, number>;
}

/** Which channels changed lately, per partition; bounded, and honest about what it forgot. */
export class ChangeIndex {
  readonly #life: string;
  readonly #maxChanges: number;
  readonly #partitions = new Map<number, Partition>();

  /** `life` names this index's incarnation: cursors of another one are unknown. */
  constructor(life: string, maxChanges: number) {
    this.#life = life;
    this.#maxChanges = maxChanges;
  }

  /** Notes that a channel's head moved. */
  note(partition: number, channel: string): void {
    const index = this.#of(partition);
    index.version += 1;
    if (index.newest !== channel) index.changed.delete(channel);
    index.newest = channel;
    index.changed.set(channel, index.version);
    if (index.changed.size <= this.#maxChanges) return;
    const oldest = index.changed.entries().next().value;
    if (oldest === undefined) return;
    index.changed.delete(oldest[0]);
    index.floor = oldest[1];
  }

  /** The channels that changed after `cursor`, oldest change first. */
  since(
    partition: number,
    cursor: string | undefined,
  ): { readonly cursor: string; readonly complete: boolean; readonly channels: string[] } {
    const index = this.#of(partition);
    const next = `${this.#life}.${index.version}`;
    const [life, text] = cursor?.split(".") ?? [];
    const after = Number(text);
    const known = life === this.#life && after >= index.floor && after <= index.version;
    if (!known) return { cursor: next, complete: false, channels: [] };
    const channels: string[] = [];
    for (const [channel, version] of index.changed) if (version > after) channels.push(channel);
    return { cursor: next, complete: true, channels };
  }

  #of(partition: number): Partition {
    let index = this.#partitions.get(partition);
    if (index === undefined) {
      index = { version: 0, floor: 0, newest: undefined, changed: new Map() };
      this.#partitions.set(partition, index);
    }
    return index;
  }
}
