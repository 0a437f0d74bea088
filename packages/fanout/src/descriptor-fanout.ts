import type { Fanout } from "./fanout.js";
import type { SendEach } from "./native.js";
import type { SharedBytes } from "./shared-bytes.js";
import type { StreamState, Target, TargetHolder } from "./target.js";

/** Sockets, and buffers, handed to the kernel in one crossing; the helper's own bounds. */
const batchSize = 1024;

/** In place of a descriptor: the target's stream has to be used. */
const throughStream = -1;
/** In place of a descriptor: no target has the number. */
const nobody = -2;

/**
 * Writes to the descriptors of plain sockets, a batch at a time.
 *
 * A descriptor is read once and trusted only while its stream was not destroyed: `destroy()` says so in
 * the same step that closes the descriptor, before, so a closed and reused number is never written to.
 * What has to be known of a target is kept in arrays beside each other, and of the rest one object alone,
 * the stream's state, is looked at: with thousands of sockets it is fetching objects that costs.
 */
export class DescriptorFanout implements Fanout, TargetHolder {
  readonly kind: Fanout["kind"];
  declare readonly reason?: string;
  readonly #send: SendEach;
  // By a target's number.
  readonly #targets: (Target | undefined)[] = [];
  readonly #states: (StreamState | undefined)[] = [];
  readonly #descriptors: number[] = [];
  /** The batch in which a target is queued. */
  readonly #queuedIn: number[] = [];
  // The batch: who gets which list.
  readonly #indexes = new Int32Array(batchSize);
  readonly #slots = new Int32Array(batchSize);
  #count = 0;
  /** Numbers the batches, so that a list or target knows whether it stands in this one. */
  #batch = 1;
  #lists: SharedBytes[] = [];
  #parts: Uint8Array[] = [];
  #incomplete = 0;
  // What the helper is given, and gives back: `#order` says which of the batch a descriptor is.
  readonly #given = new Int32Array(batchSize);
  readonly #which = new Int32Array(batchSize);
  readonly #order = new Int32Array(batchSize);
  readonly #ends = new Int32Array(batchSize);
  readonly #taken = new Int32Array(batchSize);

  /** `send` writes a batch; `reason` is why it is not the native one. */
  constructor(kind: Fanout["kind"], send: SendEach, reason?: string) {
    this.kind = kind;
    this.#send = send;
    if (reason !== undefined) this.reason = reason;
  }

  attach(index: number, target: Target): void {
    this.detach(index);
    const { socket, handle } = target;
    this.#targets[index] = target;
    this.#states[index] = socket._writableState;
    this.#descriptors[index] = handle?.fd ?? throughStream;
    this.#queuedIn[index] = 0;
    target.heldBy(this, index);
  }

  detach(index: number): void {
    // Whoever gets the number next must not get what was queued under it.
    if (this.#queuedIn[index] === this.#batch) this.#cross();
    this.#targets[index]?.heldBy(undefined, nobody);
    this.#targets[index] = undefined;
    this.#states[index] = undefined;
    this.#descriptors[index] = nobody;
  }

  stopped(index: number): void {
    this.#descriptors[index] = throughStream;
  }

  add(index: number, bytes: SharedBytes): void {
    if (bytes.size === 0 || (this.#descriptors[index] ?? nobody) === nobody) return;
    // Its first bytes may be taken in part: the second have to wait for what becomes of them.
    if (this.#queuedIn[index] === this.#batch) this.#cross();
    if (bytes.parts.length > batchSize) {
      this.#writeThroughStream(index, bytes, 0);
      return;
    }
    // `slot` is another fan-out's unless the list in it is this very one.
    if (bytes.batch !== this.#batch || this.#lists[bytes.slot] !== bytes) this.#enlist(bytes);
    this.#queuedIn[index] = this.#batch;
    this.#indexes[this.#count] = index;
    this.#slots[this.#count] = bytes.slot;
    this.#count++;
    if (this.#count === batchSize) this.#cross();
  }

  flush(): number {
    if (this.#count > 0) this.#cross();
    const incomplete = this.#incomplete;
    this.#incomplete = 0;
    return incomplete;
  }

  #enlist(bytes: SharedBytes): void {
    if (this.#parts.length + bytes.parts.length > batchSize && this.#count > 0) this.#cross();
    bytes.batch = this.#batch;
    bytes.slot = this.#lists.length;
    this.#lists.push(bytes);
    for (const part of bytes.parts) this.#parts.push(part);
    this.#ends[bytes.slot] = this.#parts.length;
  }

  /** Nothing runs between the look at a descriptor and the call that uses it, so nothing can have closed it. */
  #cross(): void {
    const count = this.#count;
    try {
      const sockets = this.#look(count);
      const incomplete = sockets === 0 ? 0 : this.#sendTo(sockets);
      if (sockets < count || incomplete > 0) this.#finishThroughStreams(count, sockets);
    } finally {
      this.#count = 0;
      this.#batch++;
      this.#lists = [];
      this.#parts = [];
    }
  }

  /** Picks the targets whose descriptor may be used: open, with nothing in the stream, not half closed. */
  #look(count: number): number {
    let sockets = 0;
    for (let at = 0; at < count; at++) {
      const index = this.#indexes[at] ?? 0;
      const descriptor = this.#descriptors[index] ?? nobody;
      if (descriptor < 0) continue;
      const state = this.#states[index];
      if (state === undefined || state.length > 0 || state.ending || state.destroyed) continue;
      this.#given[sockets] = descriptor;
      this.#which[sockets] = this.#slots[at] ?? 0;
      this.#order[sockets] = at;
      sockets++;
    }
    return sockets;
  }

  #sendTo(sockets: number): number {
    return this.#send(sockets, this.#given, this.#which, this.#parts, this.#ends, this.#taken);
  }

  /** An error number is left to the stream as well: its own write meets the same error and reports it. */
  #finishThroughStreams(count: number, sockets: number): void {
    let next = 0;
    for (let at = 0; at < count; at++) {
      const isSent = next < sockets && this.#order[next] === at;
      const taken = isSent ? Math.max(0, this.#taken[next] ?? 0) : 0;
      if (isSent) next++;
      const bytes = this.#lists[this.#slots[at] ?? -1];
      if (bytes === undefined || taken === bytes.size) continue;
      this.#writeThroughStream(this.#indexes[at] ?? 0, bytes, taken);
    }
  }

  #writeThroughStream(index: number, bytes: SharedBytes, taken: number): void {
    const target = this.#targets[index];
    if (target === undefined) return;
    target.write(bytes, taken);
    if (target.heldBytes > 0) this.#incomplete++;
  }
}
