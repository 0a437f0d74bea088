import { expect, it } from "vitest";
import { bySection, failures, page } from "./summary.mjs";

const outcome = (behavior: string, behaviorClose = "OK") => ({
  behavior,
  behaviorClose,
  duration: 1,
});
const good = {
  "1.1.1": outcome("OK"),
  "6.4.1": outcome("NON-STRICT"),
  "7.1.6": outcome("INFORMATIONAL", "INFORMATIONAL"),
  "12.1.1": outcome("OK"),
};
const about = {
  suite: "suite 1",
  date: "2026-01-01",
  node: "24.0.0",
  revision: "abc",
  messages: 9,
};

it("what is permitted conforms", () => {
  expect(failures(good)).toEqual([]);
  expect(page(good, about)).toContain("All 4 cases conform.");
});

it.each([
  outcome("FAILED"),
  outcome("UNIMPLEMENTED"),
  outcome("OK", "UNCLEAN"),
  outcome("OK", "WRONG CODE"),
  outcome("OK", "FAILED BY CLIENT"),
])("%j does not conform", (wrong) => {
  const outcomes = { ...good, "9.1.1": wrong };
  expect(failures(outcomes)).toMatchObject([{ id: "9.1.1" }]);
  expect(page(outcomes, about)).toContain("Not conforming: 9.1.1");
});

it("counts each section once, in the order of their numbers", () => {
  const rows = bySection(good);
  expect(rows.map(({ number, cases, ok }) => [number, cases, ok])).toEqual([
    ["1", 1, 1],
    ["6", 1, 0],
    ["7", 1, 0],
    ["12", 1, 1],
  ]);
  expect(rows[1]?.nonStrict).toEqual(["6.4.1"]);
});
