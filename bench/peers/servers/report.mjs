import { createInterface } from "node:readline";

/** How often the event loop is asked to come by. */
const everyMs = 2;

/**
 * How long something that falls due at any moment waits for the event loop. A stall counts for
 * everything that fell due in it, not once.
 */
class LoopDelay {
  /** @type {number[]} */
  #delaysMs = [];
  #dueMs = performance.now() + everyMs;
  #timer = setInterval(() => this.#look(), everyMs);

  #look() {
    const nowMs = performance.now();
    for (; this.#dueMs <= nowMs; this.#dueMs += everyMs) this.#delaysMs.push(nowMs - this.#dueMs);
  }

  end() {
    clearInterval(this.#timer);
    this.#look();
    const sorted = this.#delaysMs.sort((a, b) => a - b);
    const at = (/** @type {number} */ share) =>
      sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
    return { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
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
    const told = measuring?.end() ?? { p50Ms: 0, p99Ms: 0, maxMs: 0 };
    measuring = new LoopDelay();
    process.stdout.write(`${JSON.stringify(told)}\n`);
  });
  process.stdin.on("end", () => process.exit(0));
}
