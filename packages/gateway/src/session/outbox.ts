import type { CloseCode, Codec } from "@holdfast/protocol";
import type { Sink } from "../hub/sink.js";
import type { Settings } from "../settings.js";
import { Frame, type Transport } from "../transport.js";
import type { FlushScheduler } from "./flush-scheduler.js";

/** Bytes in the socket's buffer from which on frames wait here, where they can still be conflated. */
export const HIGH_WATER_BYTES = 65_536;
/** Bytes of replayed entries that may wait for one connection. */
const REPLAY_ROOM_BYTES = 262_144;

/** An ephemeral frame in the queue; the one kind that may be replaced or dropped. */
interface Conflatable {
  frame: Frame;
  readonly name: string | undefined;
}

type Item = Frame | Conflatable;

const frameOf = (item: Item): Frame => (item instanceof Frame ? item : item.frame);

/**
 * Everything one connection is sent passes here, in order, and leaves as one write per tick. While
 * the socket is full, frames wait: ephemeral ones are conflated, then dropped; what must not be
 * dropped and no longer fits fails the connection, which resumes whole.
 */
export class Outbox implements Sink {
  readonly codec: Codec;
  readonly #transport: Transport;
  readonly #flushes: FlushScheduler;
  readonly #maxBytes: number;
  readonly #maxMessages: number;
  readonly #roomBytes: number;
  readonly #roomMessages: number;
  readonly #fail: (code: CloseCode) => void;
  readonly #mayWrite: () => boolean;
  #queue: Item[] = [];
  #bytes = 0;
  #conflatables = 0;
  /** Queued ephemeral frames by channel and key, gathered only while the socket is full. */
  #byName = new Map<string, Conflatable>();
  #scheduled = false;
  #finished = false;
  #waiting: (() => void)[] = [];

  constructor(
    transport: Transport,
    flushes: FlushScheduler,
    settings: Settings,
    fail: (code: CloseCode) => void,
    mayWrite: () => boolean = () => true,
  ) {
    this.codec = transport.codec;
    this.#transport = transport;
    this.#flushes = flushes;
    this.#maxBytes = settings.maxOutboundBytes;
    this.#maxMessages = settings.maxOutboundMessages;
    this.#roomBytes = Math.min(REPLAY_ROOM_BYTES, settings.maxOutboundBytes / 2);
    this.#roomMessages = settings.maxOutboundMessages / 2;
    this.#fail = fail;
    this.#mayWrite = mayWrite;
  }

  control(frame: Frame): void {
    this.#push(frame);
  }

  stored(frame: Frame): void {
    this.#push(frame);
  }

  ephemeral(frame: Frame, channel: string, key: string | undefined): void {
    if (this.#finished) return;
    const full = this.#isFull;
    const name = key === undefined ? undefined : `${channel} ${key}`;
    if (full && name !== undefined) {
      const queued = this.#byName.get(name);
      if (queued !== undefined) {
        // A replacement may be larger than what it replaces, but not than what is left.
        const growth = frame.size - queued.frame.size;
        if (growth > 0 && this.backlogBytes + growth > this.#maxBytes) return;
        this.#bytes += frame.size - queued.frame.size;
        queued.frame = frame;
        return;
      }
    }
    if (!this.#fits(frame)) return;
    const item: Conflatable = { frame, name };
    if (full && name !== undefined) this.#byName.set(name, item);
    this.#conflatables++;
    this.#add(item, frame.size);
  }

  /** Throws away the queued publications of a channel that may not be read any more. */
  drop(channel: string): void {
    this.#keep((item) => frameOf(item).channel !== channel);
  }

  get hasRoom(): boolean {
    const bytes = this.backlogBytes;
    return bytes === 0 || (bytes < this.#roomBytes && this.#queue.length < this.#roomMessages);
  }

  whenRoom(callback: () => void): void {
    if (!this.#finished) this.#waiting.push(callback);
  }

  fail(code: CloseCode): void {
    this.#fail(code);
  }

  /** Bytes waiting here and in the socket's buffer. */
  get backlogBytes(): number {
    return this.#bytes + this.#transport.bufferedBytes;
  }

  get queuedMessages(): number {
    return this.#queue.length;
  }

  /** The socket has room again. */
  drained(): void {
    this.flush();
  }

  /** Writes as much as the socket takes. */
  flush(): void {
    this.#scheduled = false;
    if (this.#finished || !this.#mayWrite()) return;
    while (this.#queue.length > 0 && !this.#isFull) this.#writeSome();
    this.#offerRoom();
  }

  /**
   * Writes what is queued, or discards it, then the last frame, whatever the socket's buffer
   * holds; nothing is taken afterwards.
   */
  finish(last: Frame | undefined, discard: boolean): void {
    if (this.#finished) return;
    this.#finished = true;
    const frames = discard ? [] : this.#queue.map(frameOf);
    if (last !== undefined) frames.push(last);
    this.#clear();
    this.#waiting = [];
    if (frames.length > 0) this.#transport.write(frames);
  }

  get #isFull(): boolean {
    return this.#transport.bufferedBytes >= HIGH_WATER_BYTES;
  }

  #fits(frame: Frame): boolean {
    if (this.#queue.length === 0) return true;
    return (
      this.#queue.length < this.#maxMessages && this.backlogBytes + frame.size <= this.#maxBytes
    );
  }

  #push(frame: Frame): void {
    if (this.#finished) return;
    if (!this.#fits(frame)) {
      // A burst within one tick is not a slow reader.
      this.flush();
      if (!this.#fits(frame)) this.#dropEphemeral();
      if (!this.#fits(frame)) {
        this.#fail(4001);
        return;
      }
    }
    this.#add(frame, frame.size);
  }

  #add(item: Item, size: number): void {
    this.#queue.push(item);
    this.#bytes += size;
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#flushes.add(this);
  }

  #writeSome(): void {
    const queue = this.#queue;
    const budgetBytes = HIGH_WATER_BYTES - this.#transport.bufferedBytes;
    if (this.#bytes <= budgetBytes) {
      const frames = this.#conflatables === 0 ? (queue as Frame[]) : queue.map(frameOf);
      this.#clear();
      this.#transport.write(frames);
      return;
    }
    const frames: Frame[] = [];
    let bytes = 0;
    for (const item of queue) {
      if (bytes >= budgetBytes) break;
      const frame = frameOf(item);
      if (item !== frame) this.#forget(item as Conflatable);
      frames.push(frame);
      bytes += frame.size;
    }
    this.#queue = queue.slice(frames.length);
    this.#bytes -= bytes;
    this.#transport.write(frames);
  }

  #forget(item: Conflatable): void {
    this.#conflatables--;
    if (item.name !== undefined && this.#byName.get(item.name) === item) {
      this.#byName.delete(item.name);
    }
  }

  #dropEphemeral(): void {
    if (this.#conflatables > 0) this.#keep((item) => item instanceof Frame);
  }

  #keep(isKept: (item: Item) => boolean): void {
    const queue: Item[] = [];
    for (const item of this.#queue) {
      if (isKept(item)) queue.push(item);
      else {
        this.#bytes -= frameOf(item).size;
        if (!(item instanceof Frame)) this.#forget(item);
      }
    }
    this.#queue = queue;
  }

  #clear(): void {
    this.#queue = [];
    this.#bytes = 0;
    this.#conflatables = 0;
    if (this.#byName.size > 0) this.#byName.clear();
  }

  /** Half of the room must be free, so that a replay reads pages rather than single entries. */
  #offerRoom(): void {
    if (this.#waiting.length === 0) return;
    if (this.backlogBytes > this.#roomBytes / 2) return;
    if (this.#queue.length > this.#roomMessages / 2) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const callback of waiting) callback();
  }
}
