import { expect, test } from "vitest";
import { repeatsPurges } from "./purge.js";

test("clusters before 2.9.18 are not given purges of single subjects", () => {
  const cluster = "c";
  expect(["2.9.0", "2.9.17"].map((version) => repeatsPurges({ version, cluster }))).toEqual([
    false,
    false,
  ]);
  const right = ["2.9.18", "2.9.18-RC.1", "2.10.0", "2.12.15", "3.0.0"];
  expect(right.every((version) => repeatsPurges({ version, cluster }))).toBe(true);
  expect(repeatsPurges({ version: "2.9.10" })).toBe(true);
});
