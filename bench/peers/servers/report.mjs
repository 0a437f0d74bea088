import { monitorEventLoopDelay } from "node:perf_hooks";
import { createInterface } from "node:readline";

/**
 * Says the port, and on request how long the event loop kept others waiting: `delay` on standard
 * input begins a new measurement and answers with the one before. Ends with its standard input.
 * @param {number} port
 */
export function report(port) {
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  histogram.enable();
  process.stdout.write(`${JSON.stringify({ port })}\n`);
  createInterface({ input: process.stdin }).on("line", () => {
    const told = { p99Ms: histogram.percentile(99) / 1e6, maxMs: histogram.max / 1e6 };
    histogram.reset();
    process.stdout.write(`${JSON.stringify(told)}\n`);
  });
  process.stdin.on("end", () => process.exit(0));
}
