import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./run.mjs";
import { joinRuns, worthSecondRun } from "./second_run.mjs";

const file = (path: string, ...tests: [name: string, status: string][]) => ({
  name: join(root, path),
  status: tests.every(([, status]) => status === "passed") ? "passed" : "failed",
  assertionResults: tests.map(([fullName, status]) => ({ fullName, status })),
});

function reportOf(...testResults: ReturnType<typeof file>[]) {
  const count = (status: string) =>
    testResults.flatMap((one) => one.assertionResults).filter((one) => one.status === status)
      .length;
  return {
    numPassedTests: count("passed"),
    numFailedTests: count("failed"),
    numPendingTests: 0,
    numTodoTests: 0,
    testResults,
  };
}

const steady = file("packages/core/src/a.test.ts", ["a", "passed"]);
const disturbed = file("test/e2e/b.test.ts", ["b", "failed"], ["c", "passed"]);

test("a file of real processes that failed is worth a second run", () => {
  expect(worthSecondRun(reportOf(steady, disturbed), 1)).toEqual(["test/e2e/b.test.ts"]);
});

test("nothing is run again where the simulation failed, which gives the same answer each time", () => {
  const simulated = file("sim/src/seeds.test.ts", ["2,000 seeds", "failed"]);
  expect(worthSecondRun(reportOf(disturbed, simulated), 2)).toEqual([]);
});

test("nothing is run again where many files failed, or something failed outside of any test", () => {
  const many = [..."abcde"].map((name) => file(`test/e2e/${name}.test.ts`, [name, "failed"]));
  expect(worthSecondRun(reportOf(...many), many.length)).toEqual([]);
  expect(worthSecondRun(reportOf(disturbed), 2)).toEqual([]);
  expect(worthSecondRun(undefined, 1)).toEqual([]);
});

test("a test that passed alone has passed, and is named; each test counts once", () => {
  const second = reportOf(file("test/e2e/b.test.ts", ["b", "passed"], ["c", "passed"]));
  const both = joinRuns(reportOf(steady, disturbed), {
    tally: { passed: 2, failed: 0 },
    report: second,
  });
  expect(both).toEqual({ tally: { passed: 3, failed: 0 }, unsteady: ["test/e2e/b.test.ts › b"] });
});

test("a test that failed twice has failed", () => {
  const both = joinRuns(reportOf(steady, disturbed), {
    tally: { passed: 1, failed: 1 },
    report: reportOf(disturbed),
  });
  expect(both).toEqual({ tally: { passed: 2, failed: 1 }, unsteady: [] });
});
