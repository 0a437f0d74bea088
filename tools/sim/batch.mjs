import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/**
 * @typedef {object} Broken
 * @property {number} seed
 * @property {readonly string[]} invariants
 * @property {string} faults
 * @property {string} plan the run with the fewest faults, to be kept
 * @property {string} explanation
 */

/**
 * @typedef {object} BatchResult
 * @property {number} seeds
 * @property {number} steps
 * @property {number} minSteps of one seed
 * @property {Broken[]} broken
 * @property {number} seconds
 * @property {Record<string, number>} coverage how often each fault and situation was really met
 */

/**
 * Runs seeds in several processes and adds up what they report.
 *
 * @param {string} bundle
 * @param {{ from?: number, seeds: number, workers?: number, shrinks?: boolean, stopsAtFirst?: boolean,
 *   plans?: readonly object[], onSeed?: (done: number) => void }} options
 * @returns {Promise<BatchResult>}
 */
export async function runBatch(bundle, options) {
  const { from = 1, seeds, workers = 2, shrinks = false, stopsAtFirst = false } = options;
  const startMs = performance.now();
  /** @type {BatchResult} */
  const result = { seeds: 0, steps: 0, minSteps: Infinity, broken: [], seconds: 0, coverage: {} };
  const [names] = await reports(bundle, { covered: true });
  for (const name of names) result.coverage[name] = 0;
  const onLine = (/** @type {any} */ line) => {
    if (line.kind === "broken") {
      result.broken.push(line);
      return;
    }
    result.seeds += 1;
    result.steps += line.steps;
    result.minSteps = Math.min(result.minSteps, line.steps);
    for (const [name, hits] of Object.entries(line.coverage)) {
      result.coverage[name] = (result.coverage[name] ?? 0) + Number(hits);
    }
    options.onSeed?.(result.seeds);
  };
  const ranges = Array.from({ length: workers }, (_, index) => {
    const first = from + index;
    // Plans that were kept run instead of seeds.
    const plans = options.plans?.filter((_plan, at) => at % workers === index);
    return { from: first, count: seeds - index, stride: workers, shrinks, stopsAtFirst, plans };
  });
  await Promise.all(ranges.map((range) => reports(bundle, range, onLine)));
  result.seconds = (performance.now() - startMs) / 1000;
  return result;
}

/**
 * A seed allocates some 10 MB of which little survives: rarer collections copy less of it. Every
 * core has a worker of its own, so the collector's helpers would only take turns from the others.
 */
const workerFlags = ["--max-semi-space-size=32", "--single-threaded-gc"];

/**
 * Runs one process to its end; rejects where it fails.
 * @param {string} bundle
 * @param {object} range
 * @param {(line: any) => void} [onLine]
 * @returns {Promise<any[]>}
 */
function reports(bundle, range, onLine) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [...workerFlags, bundle, JSON.stringify(range)], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    /** @type {any[]} */
    const kept = [];
    let errors = "";
    child.stderr.on("data", (chunk) => {
      errors = (errors + chunk).slice(-10_000);
    });
    createInterface({ input: child.stdout }).on("line", (text) => {
      const line = JSON.parse(text);
      if (onLine === undefined) kept.push(line);
      else onLine(line);
    });
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(kept);
      else reject(new Error(`the simulation ended with ${code}:\n${errors}`));
    });
  });
}

/**
 * What a batch never met; a simulation that does not meet a situation proves nothing about it.
 * @param {{ readonly coverage: Readonly<Record<string, number>> }} result
 */
export function neverMet({ coverage }) {
  return Object.entries(coverage)
    .filter(([, hits]) => hits === 0)
    .map(([name]) => name);
}
