import { failuresIn, tallyOf } from "./vitest.mjs";

/** @typedef {import("./vitest.mjs").Tally} Tally */
/** @typedef {import("./vitest.mjs").Report} Report */

/** More failing files than this are no disturbance: they are not run again. */
const mostFiles = 4;

/** The same seed gives the same run here, so that a failure is one. */
const isDeterministic = (/** @type {string} */ path) => path.startsWith("sim/");

/**
 * The files that are worth a second run, alone: tests of real processes, servers and browsers on a
 * machine that something else may have held up. None, if a failure is left that a second run could
 * not take back.
 *
 * @param {Report | undefined} report of the first run
 * @param {number} failed counted in the first run
 * @returns {string[]} paths from the root of the repository
 */
export function worthSecondRun(report, failed) {
  const failures = failuresIn(report);
  const named = failures.reduce((sum, { tests }) => sum + Math.max(1, tests.length), 0);
  if (named !== failed || failures.length > mostFiles) return [];
  if (failures.some(({ path }) => isDeterministic(path))) return [];
  return failures.map(({ path }) => path);
}

/**
 * Both runs as one: a test that failed beside the others and passed alone has passed, and is named
 * as unsteady; everything else counts as it did in the first run.
 *
 * @param {Report} first
 * @param {{ tally: Tally, report: Report | undefined }} second of the files that failed in the first
 * @returns {{ tally: Tally, unsteady: string[] }}
 */
export function joinRuns(first, second) {
  const tally = tallyOf(first, 1);
  if (second.tally.failed > 0) return { tally, unsteady: [] };
  const passedBefore = first.testResults
    .filter((file) => file.status === "failed")
    .flatMap((file) => file.assertionResults)
    .filter((test) => test.status === "passed").length;
  return {
    tally: { passed: tally.passed - passedBefore + second.tally.passed, failed: 0 },
    unsteady: failuresIn(first).map(({ path, tests }) => [path, ...tests].join(" › ")),
  };
}
