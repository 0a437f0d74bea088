import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

/** How often the event loop is asked to come by. */
const everyMs = 2;

/** How long the first thread was ready to run and its core was somebody else's. */
const waitedMs = () => Number(readFileSync("/proc/self/schedstat", "utf8").split(" ")[1]) / 1e6;
/** A clock that stands still meanwhile: what a core of its own would have shown. */
const ownMs = () => performance.now() - waitedMs();

/**
 * How long something that falls due at any moment waits for the event loop. A stall counts for
 * everything that fell due in it, not once.
 */
class Delays {
  /** @type {number[]} */
  #delaysMs = [];
  #clock;
  #dueMs;

  /** @param {() => number} clock */
  constructor(clock) {
    this.#clock = clock;
    this.#dueMs = clock() + everyMs;
  }

  look() {
    const nowMs = this.#clock();
    for (; this.#dueMs <= nowMs; this.#dueMs += everyMs) this.#delaysMs.push(nowMs - this.#dueMs);
  }

  end() {
    this.look();
    const sorted = this.#delaysMs.sort((a, b) => a - b);
    const at = (/** @type {number} */ share) =>
      sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
    return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
  }
}

class LoopDelay {
  #all = new Delays(() => performance.now());
  #own = new Delays(ownMs);
  #timer = setInterval(() => {
    this.#all.look();
    this.#own.look();
  }, everyMs);

  end() {
    clearInterval(this.#timer);
    const own = this.#own.end();
    return { ...this.#all.end(), ownP99Ms: own.p99Ms, ownMaxMs: own.maxMs };
  }
}

/**
 * Says the port, and on request how long the event loop kept others waiting: `delay` on standard
 * input begins a measurement and answers with the one before. Ends with its standard input.
 * @param {number} port
 */
export function report(port) {
  /** @type {LoopDelay | undefined} */
  let measuring;
  process.stdout.write(`${JSON.stringify({ port })}\n`);
  createInterface({ input: process.stdin }).on("line", () => {
    const told = measuring?.end() ?? {};
    measuring = new LoopDelay();
    process.stdout.write(`${JSON.stringify(told)}\n`);
  });
  process.stdin.on("end", () => process.exit(0));
}
