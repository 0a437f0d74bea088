import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/** @import { BatchResult } from "./batch.mjs" */

/** Broken seeds kept with their explanation; the others are counted. */
const maxBroken = 100;

/**
 * What a run has come to so far. Kept in a file, it lets a run that was ended go on where it stood.
 *
 * @typedef {object} Tally
 * @property {string} bundle which code ran
 * @property {string} revision
 * @property {number} from first seed
 * @property {number} done seeds from there on
 * @property {number} steps
 * @property {number} violations seeds that broke a promise
 * @property {BatchResult["broken"]} broken the first of them
 * @property {number} seconds
 * @property {Record<string, number>} coverage
 */

/**
 * @param {string} bundle
 * @param {string} revision
 * @param {number} from
 * @returns {Tally}
 */
export function newTally(bundle, revision, from) {
  const nothing = { done: 0, steps: 0, violations: 0, broken: [], seconds: 0, coverage: {} };
  return { bundle, revision, from, ...nothing };
}

/**
 * The tally with one more batch, which began where it ended.
 * @param {Tally} tally
 * @param {BatchResult} batch
 * @returns {Tally}
 */
export function added(tally, batch) {
  const coverage = { ...tally.coverage };
  for (const [name, hits] of Object.entries(batch.coverage)) {
    coverage[name] = (coverage[name] ?? 0) + hits;
  }
  return {
    ...tally,
    done: tally.done + batch.seeds,
    steps: tally.steps + batch.steps,
    violations: tally.violations + batch.broken.length,
    broken: [...tally.broken, ...batch.broken].slice(0, maxBroken),
    seconds: tally.seconds + batch.seconds,
    coverage,
  };
}

/**
 * The tally in a file, or a new one where there is none. Throws where the file is of other code or
 * another range: adding the two up would prove nothing about either.
 * @param {string} path
 * @param {Tally} fresh
 * @returns {Promise<Tally>}
 */
export async function loadTally(path, fresh) {
  /** @type {Tally} */
  let kept;
  try {
    kept = JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === "ENOENT") return fresh;
    throw error;
  }
  if (kept.bundle !== fresh.bundle || kept.from !== fresh.from) {
    throw new Error(`${path} is of a run of seeds from ${kept.from} at revision ${kept.revision}`);
  }
  return kept;
}

/**
 * @param {string} path
 * @param {Tally} tally
 */
export async function storeTally(path, tally) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, JSON.stringify(tally));
}
