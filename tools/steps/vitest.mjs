import { mkdir, readFile, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { tools } from "./build.mjs";
import { root, run } from "./run.mjs";

/** @typedef {{ passed: number, failed: number }} Tally */

/**
 * What vitest's JSON reporter writes, as far as it is read here.
 * @typedef {{
 *   numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number,
 *   testResults: {
 *     name?: string, status: string, assertionResults: { status: string, fullName?: string }[]
 *   }[]
 * }} Report
 */

/**
 * Counts a vitest JSON report so that nothing that went wrong is lost: a file that did not load,
 * a skipped test, and an error outside of any test each count as failed.
 *
 * @param {Report | undefined} report
 * @param {number} exitCode of vitest
 * @returns {Tally}
 */
export function tallyOf(report, exitCode) {
  if (report === undefined) return { passed: 0, failed: 1 };
  const filesBroken = report.testResults.filter(
    (file) =>
      file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  ).length;
  let failed = report.numFailedTests + report.numPendingTests + report.numTodoTests + filesBroken;
  if (failed === 0 && (exitCode !== 0 || report.numPassedTests === 0)) failed = 1;
  return { passed: report.numPassedTests, failed };
}

/**
 * The files of a report in which something failed, with the tests that did; a file that did not
 * load has no test to name.
 *
 * @param {Report | undefined} report
 * @returns {{ path: string, tests: string[] }[]} paths from the root of the repository
 */
export function failuresIn(report) {
  return (report?.testResults ?? [])
    .filter((file) => file.status === "failed")
    .map((file) => ({
      path: relative(root, file.name ?? ""),
      tests: file.assertionResults
        .filter((test) => test.status === "failed")
        .map((test) => test.fullName ?? ""),
    }));
}

/**
 * Runs the test files on one Node.
 * @param {{ node: string, name: string, args?: readonly string[], env?: Record<string, string> }} options
 *   `node`: the binary; `name`: of the report file; `env`: added to the environment
 * @returns {Promise<{ tally: Tally, report: Report | undefined }>}
 */
export async function runVitest({ node, name, args = [], env = {} }) {
  const reportPath = join(root, ".cache", `vitest-${name}.json`);
  await mkdir(join(root, ".cache"), { recursive: true });
  await rm(reportPath, { force: true });
  const { code } = await run(
    node,
    [
      tools.vitest,
      "run",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${reportPath}`,
      ...args,
    ],
    { env: { ...process.env, ...env } },
  );
  const text = await readFile(reportPath, "utf8").catch(() => undefined);
  /** @type {Report | undefined} */
  const report = text === undefined ? undefined : JSON.parse(text);
  return { tally: tallyOf(report, code), report };
}
