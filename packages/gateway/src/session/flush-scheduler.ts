import type { Clock } from "@holdfast/core";
import { FrameList } from "../frame-list.js";
import type { Broadcast } from "../hub/sink.js";
import type { Settings } from "../settings.js";
import type { Frame, FrameWriter, Transport } from "../transport.js";
import { SlotQueue } from "./slot-queue.js";

/** The queue of one connection, for all that is not the usual case. */
export interface Queue {
  /** Takes a frame that could not simply be added. */
  add(frame: Frame): void;
  /** The time up to which may be written has come: ends the connection, if that is so. */
  overdue(): void;
  /** Writes what the socket takes. */
  flushNow(): void;
  /** Looks whether the socket has taken everything. */
  look(): void;
  /** Offers room to who waits for it. */
  offerRoom(): void;
}

/** Connections written to before sockets and timers get a chance. */
const MAX_FLUSHES_PER_TICK = 2_048;
/** Part of what may wait for a connection that is sent before whoever publishes in a loop waits for a flush. */
const TURN_PART = 0.25;
/** Places for connections at first. */
const MIN_SLOTS = 64;
/** Bytes handed to one socket at once; more is written in pieces, as it is taken. */
const MAX_EASY_BYTES = 65_536;
/** Lists known by a number from which on those that are pending nowhere are looked for in the middle of things. */
const MAX_LISTS = 1_024;

/**
 * What waits for each connection, by number, and when it is written: once per tick, however much it is.
 *
 * The usual connection has a socket that takes everything and credentials that go on. Of it nothing is
 * touched but its places in these arrays, because with thousands of connections it is the memory of
 * each that costs, not the work: a frame for all subscribers of a channel is one step along a list
 * they share, and the tick's end hands that list on.
 */
export class FlushScheduler implements Broadcast {
  /** The empty list that the lists of all connections begin with. */
  readonly nothing = new FrameList();
  readonly #clock: Clock;
  readonly #writer: FrameWriter;
  readonly #settings: Settings;
  // By slot. Slot 0 is nobody's: never clear, never anything pending.
  readonly #queues: (Queue | undefined)[] = [undefined];
  /** Numbers of lists: an object stored here would have to be noted for the garbage collector each time. */
  #pending = new Int32Array(MIN_SLOTS);
  /** 1: the socket has taken everything, so that frames need only be appended. */
  #isClear = new Uint8Array(MIN_SLOTS);
  #writableUntilMs = new Float64Array(MIN_SLOTS).fill(Number.POSITIVE_INFINITY);
  readonly #free: number[] = [];
  /** Slots with something pending. */
  readonly #dirty = new SlotQueue();
  /** The lists that are pending anywhere, by their numbers; 0 is `nothing`. */
  #lists: FrameList[] = [this.nothing];
  #wantsRoom: Queue[] = [];
  #isScheduled = false;
  /** What was sent since the last flush, to whomever: no connection has more of it waiting. */
  #sentBytes = 0;
  #sentCount = 0;
  /** What was handed to an engine that has not answered: it may all come back to be sent at once. */
  #underWayBytes = 0;
  #underWayCount = 0;
  /** Slots of the round of flushes under way that are still to be written. */
  #left = 0;
  #flushed: Promise<void> | undefined;
  #tellFlushed: (() => void) | undefined;
  readonly #run = (): void => this.#flush();

  constructor(clock: Clock, writer: FrameWriter, settings: Settings) {
    this.#clock = clock;
    this.#writer = writer;
    this.#settings = settings;
  }

  /** Gives a connection its number. */
  open(queue: Queue, transport: Transport): number {
    const slot = this.#free.pop() ?? this.#queues.length;
    if (slot >= this.#pending.length) this.#grow();
    this.#queues[slot] = queue;
    this.#pending[slot] = 0;
    this.#isClear[slot] = 1;
    this.#writableUntilMs[slot] = Number.POSITIVE_INFINITY;
    this.#writer.attach(slot, transport);
    return slot;
  }

  /** Takes the number back; what is pending is forgotten. No live set may hold it any more. */
  close(slot: number): void {
    this.#queues[slot] = undefined;
    this.#pending[slot] = 0;
    this.#isClear[slot] = 0;
    this.#writer.detach(slot);
    this.#free.push(slot);
  }

  /** Connections with a number. */
  get size(): number {
    return this.#queues.length - 1 - this.#free.length;
  }

  /** What waits for this tick's end. */
  pending(slot: number): FrameList {
    return this.#listOf(this.#pending[slot] ?? 0);
  }

  setPending(slot: number, list: FrameList): void {
    const before = this.#pending[slot];
    const number = this.#numberOf(list);
    this.#pending[slot] = number;
    if (before === 0 && number !== 0) this.#mark(slot);
  }

  /** Whether the socket is known to have taken everything. */
  isClear(slot: number): boolean {
    return this.#isClear[slot] === 1;
  }

  setClear(slot: number, isClear: boolean): void {
    this.#isClear[slot] = isClear ? 1 : 0;
  }

  /** Asks `Queue.overdue` before anything is written from this time of the wall clock on. */
  setWritableUntil(slot: number, wallMs: number): void {
    this.#writableUntilMs[slot] = wallMs;
  }

  /** Calls `offerRoom` after the next flush. */
  wantRoom(queue: Queue): void {
    this.#wantsRoom.push(queue);
  }

  /**
   * Settles once what was sent has been handed to the sockets; undefined while there is room for more.
   * Who publishes in a loop that never waits for anything else would fill every queue before one
   * socket is written.
   */
  flushed(): Promise<void> | undefined {
    if (this.#isLittle) return undefined;
    this.#flushed ??= new Promise((resolve) => {
      this.#tellFlushed = resolve;
    });
    this.#schedule();
    return this.#flushed;
  }

  /** A publication whose size is `bytes` is with an engine. */
  underWay(bytes: number): void {
    this.#underWayBytes += bytes;
    this.#underWayCount++;
  }

  /** The engine has answered. */
  arrived(bytes: number): void {
    this.#underWayBytes -= bytes;
    this.#underWayCount--;
    if (this.#flushed !== undefined) this.#schedule();
  }

  get #isLittle(): boolean {
    const { maxOutboundBytes, maxOutboundMessages } = this.#settings;
    return (
      this.#sentBytes + this.#underWayBytes < maxOutboundBytes * TURN_PART &&
      this.#sentCount + this.#underWayCount < maxOutboundMessages * TURN_PART
    );
  }

  /** Appends in the usual case; false: it is another, and nothing was done. */
  append(slot: number, frame: Frame): boolean {
    if (this.#isClear[slot] !== 1) return false;
    const list = this.pending(slot).with(frame);
    if (!this.#isBounded(list)) return false;
    this.setPending(slot, list);
    return true;
  }

  send(slots: Int32Array, count: number, frame: Frame): void {
    this.#sentBytes += frame.size;
    this.#sentCount += 1;
    let pending = this.#pending;
    let isClear = this.#isClear;
    const dirty = this.#dirty;
    let before = -1;
    let after = 0;
    let isBounded = false;
    for (let index = 0; index < count; index++) {
      const slot = slots[index] ?? 0;
      const number = pending[slot] ?? 0;
      if (number !== before) {
        before = number;
        const list = this.#listOf(number).with(frame);
        isBounded = this.#isBounded(list);
        after = this.#numberOf(list);
      }
      if (isClear[slot] !== 1 || !isBounded) {
        this.#queues[slot]?.add(frame);
        // Who hears of it may open connections.
        pending = this.#pending;
        isClear = this.#isClear;
        continue;
      }
      pending[slot] = after;
      if (number === 0) dirty.add(slot);
    }
    if (dirty.count > 0) this.#schedule();
  }

  #grow(): void {
    const length = Math.ceil(1.5 * this.#pending.length);
    const pending = new Int32Array(length);
    const isClear = new Uint8Array(length);
    const writableUntilMs = new Float64Array(length);
    pending.set(this.#pending);
    isClear.set(this.#isClear);
    writableUntilMs.set(this.#writableUntilMs);
    this.#pending = pending;
    this.#isClear = isClear;
    this.#writableUntilMs = writableUntilMs;
  }

  #listOf(number: number): FrameList {
    return this.#lists[number] ?? this.nothing;
  }

  #numberOf(list: FrameList): number {
    const lists = this.#lists;
    // `number` may be what another list had at an earlier time.
    if (lists[list.number] !== list) {
      list.number = lists.length;
      lists.push(list);
    }
    return list.number;
  }

  /** Lists that are pending nowhere any more; while there are more ticks to come, only when they are many. */
  #forgetLists(): void {
    if (this.#dirty.count > 0 && this.#lists.length < MAX_LISTS) return;
    const pending = this.#pending;
    const lists = this.#lists;
    this.#lists = [this.nothing];
    const slots = this.#dirty.all();
    // Negative while others have not been numbered anew: a slot may be there twice.
    for (const slot of slots) {
      const list = lists[pending[slot] ?? 0] ?? this.nothing;
      if (list !== this.nothing) pending[slot] = -this.#numberOf(list);
    }
    for (const slot of slots) pending[slot] = Math.abs(pending[slot] ?? 0);
  }

  #isBounded(list: FrameList): boolean {
    const { maxOutboundBytes, maxOutboundMessages } = this.#settings;
    return list.bytes <= maxOutboundBytes && list.count <= maxOutboundMessages;
  }

  #mark(slot: number): void {
    this.#dirty.add(slot);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    const { flushIntervalMs } = this.#settings;
    if (flushIntervalMs > 0) this.#clock.after(flushIntervalMs, this.#run);
    else this.#clock.soon(this.#run);
  }

  #flush(): void {
    if (this.#left <= 0) this.#left = this.#dirty.count;
    const slots = this.#dirty.take(MAX_FLUSHES_PER_TICK);
    this.#isScheduled = this.#dirty.count > 0;
    if (this.#isScheduled) this.#clock.soon(this.#run);
    this.#endOverdue(slots);
    // Nothing of the core runs between these writes, so that none can slip in between.
    const slow = this.#handOver(slots);
    if (this.#writer.flush() > 0) for (const slot of slots) this.#queues[slot]?.look();
    for (const slot of slow) this.#queues[slot]?.flushNow();
    this.nothing.forgetNext();
    this.#forgetLists();
    this.#offerRoom();
    this.#left -= slots.length;
    if (this.#left <= 0) this.#endRound();
  }

  /** Everything that waited when the round began has been written. */
  #endRound(): void {
    this.#sentBytes = 0;
    this.#sentCount = 0;
    if (!this.#isLittle) return;
    this.#tellFlushed?.();
    this.#flushed = undefined;
    this.#tellFlushed = undefined;
  }

  #endOverdue(slots: Int32Array): void {
    const nowMs = this.#clock.wallMs();
    const until = this.#writableUntilMs;
    for (let index = 0; index < slots.length; index++) {
      const slot = slots[index] ?? 0;
      if ((until[slot] ?? 0) <= nowMs) this.#queues[slot]?.overdue();
    }
  }

  /** Gives the writer what is usual, and returns the slots that are not. */
  #handOver(slots: Int32Array): readonly number[] {
    const pending = this.#pending;
    const isClear = this.#isClear;
    const slow: number[] = [];
    const { length } = slots;
    for (let at = 0; at < length; ) {
      const slot = slots[at] ?? 0;
      const number = pending[slot] ?? 0;
      const list = this.#listOf(number);
      let end = at;
      // Those in a row that wait for the same.
      if (number !== 0 && list.bytes <= MAX_EASY_BYTES) {
        for (; end < length; end++) {
          const next = slots[end] ?? 0;
          if (pending[next] !== number || isClear[next] !== 1) break;
          pending[next] = 0;
        }
      }
      if (end > at) this.#writer.add(slots, at, end, list);
      else {
        if (number !== 0) slow.push(slot);
        end = at + 1;
      }
      at = end;
    }
    return slow;
  }

  #offerRoom(): void {
    if (this.#wantsRoom.length === 0) return;
    const queues = this.#wantsRoom;
    this.#wantsRoom = [];
    for (const queue of queues) queue.offerRoom();
  }
}
