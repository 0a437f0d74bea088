import { randomBytes } from "node:crypto";
import type { Clock, Random, Timer } from "@holdfast/core";

/** setTimeout fires at once beyond this (Node's TIMEOUT_MAX, 2³¹ − 1 ms). */
const MAX_TIMEOUT_MS = 2_147_483_647;

class NodeTimer implements Timer {
  #handle: NodeJS.Timeout | undefined;
  readonly #deadlineMs: number;
  readonly #callback: () => void;

  constructor(delayMs: number, callback: () => void) {
    this.#callback = callback;
    this.#deadlineMs = performance.now() + delayMs;
    this.#arm(delayMs);
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }

  #arm(delayMs: number): void {
    const capped = Math.min(delayMs, MAX_TIMEOUT_MS);
    this.#handle = setTimeout(() => {
      if (capped === delayMs) this.#callback();
      else this.#arm(Math.max(0, Math.ceil(this.#deadlineMs - performance.now())));
    }, capped);
    // Sockets keep the process alive; a heartbeat or cache timer must not.
    this.#handle.unref();
  }
}

/** The real clock of this process. Its timers do not keep the process alive. */
export const nodeClock: Clock = {
  wallMs: () => Date.now(),
  monoMs: () => performance.now(),
  after: (delayMs, callback) => new NodeTimer(Math.max(0, Math.ceil(delayMs)), callback),
  soon: (callback) => {
    setImmediate(callback);
  },
};

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const ENTROPY_BYTES = 4096;

/** Unguessable chance from the operating system, drawn in blocks because a draw per id is a system call. */
export function createNodeRandom(): Random {
  let entropy = randomBytes(ENTROPY_BYTES);
  let used = 0;
  const take = (bytes: number): number => {
    if (used + bytes > ENTROPY_BYTES) {
      entropy = randomBytes(ENTROPY_BYTES);
      used = 0;
    }
    const start = used;
    used += bytes;
    return start;
  };
  return {
    next: () => {
      // take() may replace the block, so it runs before the block is read.
      const start = take(6);
      return entropy.readUIntBE(start, 6) / 2 ** 48;
    },
    id: (length) => {
      let text = "";
      for (let i = 0; i < length; i++) {
        const start = take(1);
        text += ALPHABET.charAt((entropy[start] ?? 0) & 63);
      }
      return text;
    },
  };
}
