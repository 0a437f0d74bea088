import { loadNative, type NativeLookup, type SendEach } from "./native.js";
import type { SharedBytes } from "./shared-bytes.js";
import type { Target } from "./target.js";

/**
 * Writes shared bytes to many sockets, each in order with whatever it was given before. What a kernel
 * buffer does not take goes through the target's stream, so the order of a socket's bytes never changes.
 */
export interface Fanout {
  readonly kind: "native" | "javascript";
  /** Why the native helper is not used; absent where it is. */
  readonly reason?: string;
  /** Queues bytes for a target, once per batch; they are written by `flush` at the latest. */
  add(target: Target, bytes: SharedBytes): void;
  /** Writes what is queued. Returns how many targets since the last `flush` were left with bytes in their stream. */
  flush(): number;
}

/** Sockets, and buffers, handed to the kernel in one crossing; the helper's own bounds. */
const batchSize = 1024;

class JavaScriptFanout implements Fanout {
  readonly kind = "javascript";
  readonly reason: string;
  #incomplete = 0;

  constructor(reason: string) {
    this.reason = reason;
  }

  add(target: Target, bytes: SharedBytes): void {
    target.write(bytes);
    if (target.heldBytes > 0) this.#incomplete++;
  }

  flush(): number {
    const incomplete = this.#incomplete;
    this.#incomplete = 0;
    return incomplete;
  }
}

class NativeFanout implements Fanout {
  readonly kind = "native";
  readonly #send: SendEach;
  readonly #targets: (Target | undefined)[] = new Array(batchSize).fill(undefined);
  /** Which list each target gets. */
  readonly #slots = new Int32Array(batchSize);
  #count = 0;
  /** Numbers the batches, so that a list knows whether it stands in this one. */
  #batch = 0;
  #lists: SharedBytes[] = [];
  #parts: Uint8Array[] = [];
  #incomplete = 0;
  // What the helper is given, and gives back: `#order` says which target a descriptor is.
  readonly #descriptors = new Int32Array(batchSize);
  readonly #which = new Int32Array(batchSize);
  readonly #order = new Int32Array(batchSize);
  readonly #ends = new Int32Array(batchSize);
  readonly #taken = new Int32Array(batchSize);

  constructor(send: SendEach) {
    this.#send = send;
  }

  add(target: Target, bytes: SharedBytes): void {
    if (bytes.size === 0) return;
    // Its first bytes may be taken in part: the second have to wait for what becomes of them.
    if (target.queued) this.#cross();
    if (bytes.parts.length > batchSize) {
      this.#writeThroughStream(target, bytes, 0);
      return;
    }
    // `slot` is another fan-out's unless the list in it is this very one.
    if (bytes.batch !== this.#batch || this.#lists[bytes.slot] !== bytes) this.#enlist(bytes);
    target.queued = true;
    this.#targets[this.#count] = target;
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
    let sockets = 0;
    for (let at = 0; at < count; at++) {
      const descriptor = this.#targets[at]?.descriptor ?? -1;
      if (descriptor < 0) continue;
      this.#descriptors[sockets] = descriptor;
      this.#which[sockets] = this.#slots[at] ?? 0;
      this.#order[sockets] = at;
      sockets++;
    }
    try {
      const incomplete = sockets === 0 ? 0 : this.#sendTo(sockets);
      if (sockets < count || incomplete > 0) this.#finishThroughStreams(count, sockets);
    } finally {
      this.#forgetBatch(count);
    }
  }

  #sendTo(sockets: number): number {
    return this.#send(
      sockets,
      this.#descriptors,
      this.#which,
      this.#parts,
      this.#ends,
      this.#taken,
    );
  }

  #forgetBatch(count: number): void {
    for (let at = 0; at < count; at++) {
      const target = this.#targets[at];
      if (target !== undefined) target.queued = false;
      this.#targets[at] = undefined;
    }
    this.#count = 0;
    this.#batch++;
    this.#lists = [];
    this.#parts = [];
  }

  /** An error number is left to the stream as well: its own write meets the same error and reports it. */
  #finishThroughStreams(count: number, sockets: number): void {
    let next = 0;
    for (let at = 0; at < count; at++) {
      const isSent = next < sockets && this.#order[next] === at;
      const taken = isSent ? Math.max(0, this.#taken[next] ?? 0) : 0;
      if (isSent) next++;
      const target = this.#targets[at];
      const bytes = this.#lists[this.#slots[at] ?? -1];
      if (target === undefined || bytes === undefined || taken === bytes.size) continue;
      this.#writeThroughStream(target, bytes, taken);
    }
  }

  #writeThroughStream(target: Target, bytes: SharedBytes, taken: number): void {
    target.write(bytes, taken);
    if (target.heldBytes > 0) this.#incomplete++;
  }
}

/** The fastest fan-out this process has. */
export function createFanout(native: NativeLookup = loadNative()): Fanout {
  return "send" in native ? new NativeFanout(native.send) : new JavaScriptFanout(native.reason);
}
