import { loadNative, type NativeLookup, type SendToAll } from "./native.js";
import type { Target } from "./target.js";

/** Writes the same bytes to many sockets, in order with whatever each socket was given before. */
export interface Fanout {
  readonly kind: "native" | "javascript";
  /** Why the native helper is not used; absent where it is. */
  readonly reason?: string;
  /**
   * Hands `bytes` to every target. What a kernel buffer does not take goes through the target's
   * stream, so the order of a socket's bytes never changes. `bytes` must not be changed afterwards.
   */
  send(targets: readonly Target[], bytes: Uint8Array): void;
}

/** Sockets handed to the kernel in one crossing; bounds the scratch arrays. */
const batchSize = 1024;

class JavaScriptFanout implements Fanout {
  readonly kind = "javascript";
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }

  send(targets: readonly Target[], bytes: Uint8Array): void {
    for (const target of targets) {
      if (target.socket.writable) target.socket.write(bytes);
    }
  }
}

class NativeFanout implements Fanout {
  readonly kind = "native";
  readonly #sendToAll: SendToAll;
  readonly #descriptors = new Int32Array(batchSize);
  readonly #taken = new Int32Array(batchSize);
  readonly #batch: (Target | undefined)[] = new Array(batchSize).fill(undefined);

  constructor(sendToAll: SendToAll) {
    this.#sendToAll = sendToAll;
  }

  send(targets: readonly Target[], bytes: Uint8Array): void {
    let count = 0;
    for (const target of targets) {
      const descriptor = target.descriptor;
      if (descriptor < 0) {
        if (target.socket.writable) target.socket.write(bytes);
        continue;
      }
      this.#descriptors[count] = descriptor;
      this.#batch[count] = target;
      count++;
      if (count === batchSize) {
        this.#flush(count, bytes);
        count = 0;
      }
    }
    if (count > 0) this.#flush(count, bytes);
  }

  #flush(count: number, bytes: Uint8Array): void {
    const incomplete = this.#sendToAll(this.#descriptors, count, bytes, this.#taken);
    if (incomplete > 0) this.#finishThroughStreams(count, bytes);
    this.#batch.fill(undefined, 0, count);
  }

  /** An error number is left to the stream as well: its own write meets the same error and reports it. */
  #finishThroughStreams(count: number, bytes: Uint8Array): void {
    for (let i = 0; i < count; i++) {
      const taken = Math.max(0, this.#taken[i] ?? 0);
      if (taken < bytes.length) this.#batch[i]?.socket.write(bytes.subarray(taken));
    }
  }
}

/** The fastest fan-out this process has. */
export function createFanout(native: NativeLookup = loadNative()): Fanout {
  return "send" in native ? new NativeFanout(native.send) : new JavaScriptFanout(native.reason);
}
