import type { Fanout } from "./fanout.js";
import type { SendEach } from "./native.js";
import type { SharedBytes } from "./shared-bytes.js";
import { type Target, type TargetHolder, throughStream } from "./target.js";

/** Sockets, and buffers, handed to the kernel in one crossing; the helper's own bounds. */
const batchSize = 1024;

/** In place of a descriptor: the target has to be asked. */
const unknown = -2;
/** In place of a descriptor: no target has the number. */
const nobody = -3;

/**
 * Writes to the descriptors of plain sockets, a batch at a time.
 *
 * A target's descriptor is asked for once and then trusted until the target says that its stream is about
 * to use it, to close it above all: so a closed and reused number is never written to. With thousands of
 * sockets it is fetching their objects that costs, so that in the usual case none of them is looked at:
 * what has to be known of a target stands in arrays.
 */
export class DescriptorFanout implements Fanout, TargetHolder {
  readonly kind: Fanout["kind"];
  declare readonly reason?: string;
  readonly #send: SendEach;
  // By a target's number.
  readonly #targets: (Target | undefined)[] = [];
  #descriptors = new Int32Array(0);
  /** The batch in which a target is queued. */
  #queuedIn = new Int32Array(0);
  // The batch: who gets which list, and what becomes of it.
  readonly #indexes = new Int32Array(batchSize);
  readonly #given = new Int32Array(batchSize);
  readonly #which = new Int32Array(batchSize);
  readonly #taken = new Int32Array(batchSize);
  readonly #ends = new Int32Array(batchSize);
  #count = 0;
  /** Numbers the batches, so that a list or target knows whether it stands in this one. */
  #batch = 1;
  #lists: SharedBytes[] = [];
  /** The list added last, and which of the batch it is; the next target has the same, most often. */
  #current: SharedBytes | undefined;
  #slot = 0;
  #parts: Uint8Array[] = [];
  #incomplete = 0;

  /** `send` writes a batch; `reason` is why it is not the native one. */
  constructor(kind: Fanout["kind"], send: SendEach, reason?: string) {
    this.kind = kind;
    this.#send = send;
    if (reason !== undefined) this.reason = reason;
  }

  attach(index: number, target: Target): void {
    this.detach(index);
    if (index >= this.#descriptors.length) this.#grow(index);
    this.#targets[index] = target;
    this.#descriptors[index] = unknown;
    this.#queuedIn[index] = 0;
    target.heldBy(this, index);
  }

  detach(index: number): void {
    // Whoever gets the number next must not get what was queued under it.
    if (this.#queuedIn[index] === this.#batch) this.#cross();
    const target = this.#targets[index];
    if (target === undefined) return;
    target.heldBy(undefined, nobody);
    this.#targets[index] = undefined;
    this.#descriptors[index] = nobody;
  }

  touched(index: number): void {
    this.#descriptors[index] = unknown;
    // What is queued for it goes the longer way, behind whatever its stream does now.
    if (this.#queuedIn[index] === this.#batch)
      this.#given[this.#indexes.indexOf(index)] = throughStream;
  }

  add(index: number, bytes: SharedBytes): void {
    // A list of nobody's would fill a batch that has no target, and is therefore never sent.
    if ((this.#descriptors[index] ?? nobody) === nobody) return;
    // Its first bytes may be taken in part: the second have to wait for what becomes of them.
    if (this.#queuedIn[index] === this.#batch) this.#cross();
    if (bytes !== this.#current && !this.#enlist(bytes)) {
      this.#writeThroughStream(index, bytes, 0);
      return;
    }
    // Only now: a batch that was sent meanwhile may have used the target's stream.
    const descriptor = this.#descriptors[index] ?? unknown;
    const at = this.#count;
    this.#queuedIn[index] = this.#batch;
    this.#indexes[at] = index;
    this.#given[at] = descriptor === unknown ? this.#ask(index) : descriptor;
    this.#which[at] = this.#slot;
    this.#count = at + 1;
    if (this.#count === batchSize) this.#cross();
  }

  addAll(indexes: Int32Array, from: number, to: number, bytes: SharedBytes): void {
    let at = from;
    while (at < to) {
      if (bytes === this.#current) at = this.#fill(indexes, at, to);
      if (at < to) this.add(indexes[at++] ?? 0, bytes);
    }
  }

  /** Queues the current list for as many as are usual; returns where another begins. */
  #fill(indexes: Int32Array, from: number, to: number): number {
    const descriptors = this.#descriptors;
    const queuedIn = this.#queuedIn;
    const queued = this.#indexes;
    const given = this.#given;
    const which = this.#which;
    const batch = this.#batch;
    const slot = this.#slot;
    // The last place is left to `add`, which sends the batch.
    const end = Math.min(to, from + batchSize - 1 - this.#count);
    let count = this.#count;
    let at = from;
    for (; at < end; at++) {
      const index = indexes[at] ?? 0;
      const descriptor = descriptors[index] ?? nobody;
      if (descriptor < 0 || queuedIn[index] === batch) break;
      queuedIn[index] = batch;
      queued[count] = index;
      given[count] = descriptor;
      which[count] = slot;
      count++;
    }
    this.#count = count;
    return at;
  }

  flush(): number {
    if (this.#count > 0) this.#cross();
    const incomplete = this.#incomplete;
    this.#incomplete = 0;
    return incomplete;
  }

  #grow(index: number): void {
    const length = Math.ceil(1.5 * (index + 1));
    const descriptors = new Int32Array(length).fill(nobody);
    const queuedIn = new Int32Array(length);
    descriptors.set(this.#descriptors);
    queuedIn.set(this.#queuedIn);
    this.#descriptors = descriptors;
    this.#queuedIn = queuedIn;
  }

  #ask(index: number): number {
    const descriptor = this.#targets[index]?.descriptor ?? throughStream;
    if (descriptor !== throughStream) this.#descriptors[index] = descriptor;
    return descriptor;
  }

  /** Makes a list the current one; false: it is none for a batch. */
  #enlist(bytes: SharedBytes): boolean {
    const { parts } = bytes;
    if (bytes.size === 0 || parts.length > batchSize) return false;
    // `slot` is another fan-out's unless the list in it is this very one.
    if (bytes.batch !== this.#batch || this.#lists[bytes.slot] !== bytes) {
      if (this.#parts.length + parts.length > batchSize && this.#count > 0) this.#cross();
      bytes.batch = this.#batch;
      bytes.slot = this.#lists.length;
      this.#lists.push(bytes);
      for (const part of parts) this.#parts.push(part);
      this.#ends[bytes.slot] = this.#parts.length;
    }
    this.#current = bytes;
    this.#slot = bytes.slot;
    return true;
  }

  #cross(): void {
    const count = this.#count;
    const lists = this.#lists;
    const parts = this.#parts;
    this.#count = 0;
    // As long as the numbers beside the targets; one of four thousand million batches ago only ends a batch early.
    this.#batch = (this.#batch + 1) | 0;
    this.#lists = [];
    this.#parts = [];
    this.#current = undefined;
    const incomplete = this.#send(count, this.#given, this.#which, parts, this.#ends, this.#taken);
    if (incomplete > 0) this.#finishThroughStreams(count, lists);
  }

  /** An error number is left to the stream as well: its own write meets the same error and reports it. */
  #finishThroughStreams(count: number, lists: readonly SharedBytes[]): void {
    for (let at = 0; at < count; at++) {
      const taken = Math.max(0, this.#taken[at] ?? 0);
      const bytes = lists[this.#which[at] ?? -1];
      if (bytes === undefined || taken === bytes.size) continue;
      this.#writeThroughStream(this.#indexes[at] ?? 0, bytes, taken);
    }
  }

  #writeThroughStream(index: number, bytes: SharedBytes, taken: number): void {
    const target = this.#targets[index];
    if (target === undefined || bytes.size === 0) return;
    target.write(bytes, taken);
    if (target.heldBytes > 0) this.#incomplete++;
  }
}
