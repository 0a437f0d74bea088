import { Frame } from "../transport.js";

/** An ephemeral frame in the queue; the one kind that may be replaced or dropped. */
interface Conflatable {
  frame: Frame;
  readonly name: string | undefined;
}

type Item = Frame | Conflatable;

const frameOf = (item: Item): Frame => (item instanceof Frame ? item : item.frame);

function nameOf({ channel, conflation }: Frame): string | undefined {
  return conflation?.key === undefined ? undefined : `${channel} ${conflation.key}`;
}

/**
 * Frames that wait because a socket is full, where ephemeral ones are conflated: the newest of each
 * channel and key stands in the place of the first.
 */
export class Overflow {
  #items: Item[] = [];
  #bytes = 0;
  #conflatables = 0;
  /** Queued ephemeral frames by channel and key. */
  readonly #byName = new Map<string, Conflatable>();

  get count(): number {
    return this.#items.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Adds a frame, or replaces the ephemeral one it conflates with. */
  add(frame: Frame): void {
    if (frame.conflation === undefined) {
      this.#items.push(frame);
    } else {
      const name = nameOf(frame);
      if (this.replace(frame, Number.POSITIVE_INFINITY)) return;
      const item: Conflatable = { frame, name };
      if (name !== undefined) this.#byName.set(name, item);
      this.#conflatables++;
      this.#items.push(item);
    }
    this.#bytes += frame.size;
  }

  /**
   * Puts an ephemeral frame in the place of the one it conflates with. true: there is nothing left to
   * do; it may have been dropped, because it is larger than the other by more than `maxGrowthBytes`.
   */
  replace(frame: Frame, maxGrowthBytes: number): boolean {
    const name = nameOf(frame);
    const queued = name === undefined ? undefined : this.#byName.get(name);
    if (queued === undefined) return false;
    const growth = frame.size - queued.frame.size;
    if (growth > 0 && growth > maxGrowthBytes) return true;
    this.#bytes += growth;
    queued.frame = frame;
    return true;
  }

  /** Takes frames from the front until they come to `budgetBytes` or more. */
  take(budgetBytes: number): Frame[] {
    const frames: Frame[] = [];
    let bytes = 0;
    for (const item of this.#items) {
      if (bytes >= budgetBytes) break;
      const frame = frameOf(item);
      if (item !== frame) this.#forget(item as Conflatable);
      frames.push(frame);
      bytes += frame.size;
    }
    this.#items = frames.length === this.#items.length ? [] : this.#items.slice(frames.length);
    this.#bytes -= bytes;
    return frames;
  }

  /** Throws away the publications of a channel. */
  dropChannel(channel: string): void {
    this.#keep((item) => frameOf(item).channel !== channel);
  }

  dropEphemeral(): void {
    if (this.#conflatables > 0) this.#keep((item) => item instanceof Frame);
  }

  #forget(item: Conflatable): void {
    this.#conflatables--;
    if (item.name !== undefined && this.#byName.get(item.name) === item) {
      this.#byName.delete(item.name);
    }
  }

  #keep(isKept: (item: Item) => boolean): void {
    const kept: Item[] = [];
    for (const item of this.#items) {
      if (isKept(item)) kept.push(item);
      else {
        this.#bytes -= frameOf(item).size;
        if (!(item instanceof Frame)) this.#forget(item);
      }
    }
    this.#items = kept;
  }
}
