import { expect, test } from "vitest";
import { tallyOf } from "./vitest.mjs";

const green = {
  numPassedTests: 3,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  testResults: [{ status: "passed", assertionResults: [{ status: "passed" }] }],
};

test("a green report counts its passed tests", () => {
  expect(tallyOf(green, 0)).toEqual({ passed: 3, failed: 0 });
});

test("a report that was never written counts as failed", () => {
  expect(tallyOf(undefined, 1)).toEqual({ passed: 0, failed: 1 });
});

test("a file that does not load counts as failed", () => {
  const report = { ...green, testResults: [{ status: "failed", assertionResults: [] }] };
  expect(tallyOf(report, 1)).toEqual({ passed: 3, failed: 1 });
});

test("a failing test counts once, not once more for its file", () => {
  const report = {
    ...green,
    numFailedTests: 1,
    testResults: [{ status: "failed", assertionResults: [{ status: "failed" }] }],
  };
  expect(tallyOf(report, 1)).toEqual({ passed: 3, failed: 1 });
});

test("an unhandled rejection, seen only in the exit code, counts as failed", () => {
  expect(tallyOf(green, 1)).toEqual({ passed: 3, failed: 1 });
});

test("a skipped test and a todo count as failed", () => {
  expect(tallyOf({ ...green, numPendingTests: 1, numTodoTests: 1 }, 0).failed).toBe(2);
});

test("a run of no test at all counts as failed", () => {
  expect(tallyOf({ ...green, numPassedTests: 0, testResults: [] }, 0).failed).toBe(1);
});
