import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { tools } from "./build.mjs";
import { root, run } from "./run.mjs";

/** @typedef {{ passed: number, failed: number }} Tally */

/**
 * Counts a vitest JSON report so that nothing that went wrong is lost: a file that did not load,
 * a skipped test, and an error outside of any test each count as failed.
 *
 * @param {{
 *   numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number,
 *   testResults: { status: string, assertionResults: { status: string }[] }[]
 * } | undefined} report
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
 * Runs the test files on one Node.
 * @param {{ node: string, name: string, args?: readonly string[], env?: Record<string, string> }} options
 *   `node`: the binary; `name`: of the report file; `env`: added to the environment
 * @returns {Promise<Tally>}
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
  return tallyOf(text === undefined ? undefined : JSON.parse(text), code);
}
