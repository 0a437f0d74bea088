import { integer } from "@holdfast/core";
import { expect, test } from "vitest";
import { engineLimits, resolveEngineLimits } from "./limits.js";

const table = {
  ...engineLimits,
  maxPageCount: { ...engineLimits.maxPageCount, max: 4_000 },
  shelves: integer(7, { unit: "count", min: 1, description: "" }),
} as const;

test("what is not given has its default, an engine's own limits included", () => {
  const limits = resolveEngineLimits(table, { maxCommands: 3 });
  expect(limits).toMatchObject({ maxCommands: 3, maxPageCount: 1_000, shelves: 7 });
});

test("a limit that is out of its range is named with the range that this engine has for it", () => {
  const tooMany = () => resolveEngineLimits(table, { maxPageCount: 4_001 });
  expect(tooMany).toThrow(new RangeError("maxPageCount must be an integer from 1 to 4000"));
  expect(() => resolveEngineLimits(table, { shelves: 0.5 })).toThrow("shelves must be an integer");
  expect(resolveEngineLimits(table, { maxPageCount: 4_000 }).maxPageCount).toBe(4_000);
});

test("no publisher session is forgotten while a key of it is remembered", () => {
  const limits = resolveEngineLimits(table, { keyWindowMs: 5_000, sessionIdleMs: 10 });
  expect(limits.sessionIdleMs).toBe(5_000);
});
