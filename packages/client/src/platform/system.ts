import type { Clock, Random } from "@holdfast/core";

/** Timers overflow above 2³¹−1 ms and then fire at once. */
const maxDelayMs = 0x7fff_ffff;

/** The platform's clock. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monoMs: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, Math.min(Math.max(0, Math.ceil(delayMs)), maxDelayMs));
    return { cancel: () => clearTimeout(timer) };
  },
  soon: (callback) => queueMicrotask(callback),
};

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** The platform's chance; identifiers are unguessable. */
export const systemRandom: Random = {
  next: () => Math.random(),
  id: (length) => {
    let id = "";
    for (const byte of crypto.getRandomValues(new Uint8Array(length)))
      id += alphabet.charAt(byte & 63);
    return id;
  },
};
