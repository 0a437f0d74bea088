import { DescriptorFanout } from "./descriptor-fanout.js";
import { loadNative, type NativeLookup } from "./native.js";

import { sendInJavaScript } from "./send-in-javascript.js";
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
  /** Knows a target by a small number from now on, until `detach`. A target has one number. */
  attach(index: number, target: Target): void;
  detach(index: number): void;
  /** Queues bytes for a target; they are written by `flush` at the latest. */
  add(index: number, bytes: SharedBytes): void;
  /** The same for the targets whose numbers stand from `from` up to before `to`. */
  addAll(indexes: Int32Array, from: number, to: number, bytes: SharedBytes): void;
  /** Writes what is queued. Returns how many targets since the last `flush` were left with bytes in their stream. */
  flush(): number;
}

/** The fastest fan-out this process has. */
export function createFanout(native: NativeLookup = loadNative()): Fanout {
  return "send" in native
    ? new DescriptorFanout("native", native.send)
    : new DescriptorFanout("javascript", sendInJavaScript, native.reason);
}
