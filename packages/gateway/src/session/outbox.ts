import type { CloseCode, Codec } from "@holdfast/protocol";
import type { Sink } from "../hub/sink.js";
import type { Settings } from "../settings.js";
import type { Frame, Transport } from "../transport.js";
import { closeCode } from "./closing.js";
import type { FlushScheduler, Queue } from "./flush-scheduler.js";
import { Overflow } from "./overflow.js";

/** Bytes in the socket's buffer from which on frames wait here, where they can still be conflated. */
export const HIGH_WATER_BYTES = 65_536;
/** Bytes of replayed entries that may wait for one connection. */
const REPLAY_ROOM_BYTES = 262_144;

/** The connection an outbox belongs to. */
export interface OutboxOwner {
  /** Closes the connection, which cannot be given what it must be given. */
  fail(code: CloseCode): void;
  /** false: nothing may be written any more, and the connection has been ended. */
  mayWrite(): boolean;
}

/**
 * Everything one connection is sent passes here, in order, and leaves as one write per tick. While
 * the socket is full, frames wait: ephemeral ones are conflated, then dropped; what must not be
 * dropped and no longer fits fails the connection, which resumes whole. The usual case, a socket
 * that takes everything, is the scheduler's alone.
 */
export class Outbox implements Sink, Queue {
  readonly codec: Codec;
  readonly slot: number;
  readonly #transport: Transport;
  readonly #flushes: FlushScheduler;
  readonly #settings: Settings;
  readonly #owner: OutboxOwner;
  /** What waited when the last tick ended; only while the socket is full. */
  #overflow: Overflow | undefined;
  #isFinished = false;
  #waiting: (() => void)[] | undefined;

  constructor(
    transport: Transport,
    flushes: FlushScheduler,
    settings: Settings,
    owner: OutboxOwner,
  ) {
    this.codec = transport.codec;
    this.#transport = transport;
    this.#flushes = flushes;
    this.#settings = settings;
    this.#owner = owner;
    this.slot = flushes.open(this, transport);
  }

  control(frame: Frame): void {
    this.add(frame);
  }

  stored(frame: Frame): void {
    this.add(frame);
  }

  ephemeral(frame: Frame): void {
    this.add(frame);
  }

  add(frame: Frame): void {
    if (this.#isFinished || this.#flushes.append(this.slot, frame)) return;
    if (frame.conflation === undefined) this.#addStored(frame);
    else this.#addEphemeral(frame);
  }

  /** Nothing is written from this time of the wall clock on, without asking the owner. */
  writeUntil(wallMs: number): void {
    if (!this.#isFinished) this.#flushes.setWritableUntil(this.slot, wallMs);
  }

  /** Throws away the queued publications of a channel that may not be read any more. */
  drop(channel: string): void {
    if (this.#isFinished) return;
    let kept = this.#flushes.nothing;
    for (const frame of this.#flushes.pending(this.slot).frames()) {
      if (frame.channel !== channel) kept = kept.with(frame);
    }
    this.#flushes.setPending(this.slot, kept);
    this.#overflow?.dropChannel(channel);
  }

  /** The socket is known to have taken everything. */
  get isClear(): boolean {
    return !this.#isFinished && this.#flushes.isClear(this.slot);
  }

  get hasRoom(): boolean {
    const bytes = this.backlogBytes;
    return bytes === 0 || (bytes < this.#roomBytes && this.queuedMessages < this.#roomMessages);
  }

  whenRoom(callback: () => void): void {
    if (this.#isFinished) return;
    if (this.#waiting === undefined) {
      this.#waiting = [];
      this.#flushes.wantRoom(this);
    }
    this.#waiting.push(callback);
  }

  fail(code: CloseCode): void {
    this.#owner.fail(code);
  }

  /** Bytes waiting here and in the socket's buffer. */
  get backlogBytes(): number {
    const queued = this.#isFinished ? 0 : this.#flushes.pending(this.slot).bytes;
    return queued + (this.#overflow?.bytes ?? 0) + this.#transport.bufferedBytes;
  }

  get queuedMessages(): number {
    const queued = this.#isFinished ? 0 : this.#flushes.pending(this.slot).count;
    return queued + (this.#overflow?.count ?? 0);
  }

  /** The socket has room again. */
  drained(): void {
    this.flushNow();
    this.offerRoom();
  }

  overdue(): void {
    this.#owner.mayWrite();
  }

  /** Writes as much as the socket takes, without waiting for the end of the tick. */
  flushNow(): void {
    if (this.#isFinished || !this.#owner.mayWrite()) return;
    const overflow = this.#overflow ?? new Overflow();
    for (const frame of this.#flushes.pending(this.slot).frames()) overflow.add(frame);
    this.#flushes.setPending(this.slot, this.#flushes.nothing);
    while (overflow.count > 0 && !this.#isFull) {
      this.#transport.write(overflow.take(HIGH_WATER_BYTES - this.#transport.bufferedBytes));
    }
    this.#overflow = overflow.count > 0 ? overflow : undefined;
    this.look();
  }

  look(): void {
    if (this.#isFinished) return;
    const isClear = this.#overflow === undefined && this.#transport.bufferedBytes === 0;
    this.#flushes.setClear(this.slot, isClear);
  }

  /** Half of the room must be free, so that a replay reads pages rather than single entries. */
  offerRoom(): void {
    if (this.#waiting === undefined) return;
    if (this.backlogBytes > this.#roomBytes / 2) return;
    if (this.queuedMessages > this.#roomMessages / 2) return;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    for (const callback of waiting) callback();
  }

  /**
   * Writes what is queued, or discards it, then the last frame, whatever the socket's buffer
   * holds; nothing is taken afterwards.
   */
  finish(last: Frame | undefined, discard: boolean): void {
    if (this.#isFinished) return;
    const frames = discard ? [] : this.#all();
    if (last !== undefined) frames.push(last);
    this.#isFinished = true;
    this.#overflow = undefined;
    this.#waiting = undefined;
    this.#flushes.close(this.slot);
    if (frames.length > 0) this.#transport.write(frames);
  }

  get #isFull(): boolean {
    return this.#transport.bufferedBytes >= HIGH_WATER_BYTES;
  }

  get #freeBytes(): number {
    return this.#settings.maxOutboundBytes - this.backlogBytes;
  }

  get #roomBytes(): number {
    return Math.min(REPLAY_ROOM_BYTES, this.#settings.maxOutboundBytes / 2);
  }

  get #roomMessages(): number {
    return this.#settings.maxOutboundMessages / 2;
  }

  #fits(frame: Frame): boolean {
    const { queuedMessages } = this;
    if (queuedMessages === 0) return true;
    return queuedMessages < this.#settings.maxOutboundMessages && frame.size <= this.#freeBytes;
  }

  #addStored(frame: Frame): void {
    if (!this.#fits(frame)) {
      // A burst within one tick is not a slow reader.
      this.flushNow();
      if (!this.#fits(frame)) this.#overflow?.dropEphemeral();
      if (!this.#fits(frame)) this.#owner.fail(closeCode.slow_reader);
    }
    this.#append(frame);
  }

  #addEphemeral(frame: Frame): void {
    if (this.#overflow?.replace(frame, this.#freeBytes)) return;
    if (!this.#fits(frame)) {
      this.flushNow();
      if (this.#overflow?.replace(frame, this.#freeBytes) || !this.#fits(frame)) return;
    }
    this.#append(frame);
  }

  #append(frame: Frame): void {
    if (this.#isFinished) return;
    this.#flushes.setPending(this.slot, this.#flushes.pending(this.slot).with(frame));
  }

  #all(): Frame[] {
    const frames = this.#overflow?.take(Number.POSITIVE_INFINITY) ?? [];
    frames.push(...this.#flushes.pending(this.slot).frames());
    return frames;
  }
}
