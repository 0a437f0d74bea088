import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { added, loadTally, newTally, storeTally } from "./tally.mjs";

const batch = (seeds: number, broken: number) => ({
  seeds,
  steps: seeds * 10,
  minSteps: 10,
  broken: Array.from({ length: broken }, (_, seed) => ({
    seed,
    invariants: ["order"],
    faults: "[]",
    plan: "{}",
    explanation: "",
  })),
  seconds: 1.5,
  coverage: { reset: seeds, refill: 0 },
});

it("a run that was ended goes on where it stood, and adds up to the same", async () => {
  const path = join(await mkdtemp(join(tmpdir(), "holdfast-")), "state", "run.json");
  const fresh = newTally("abc", "r1", 5);
  expect(await loadTally(path, fresh)).toEqual(fresh);
  await storeTally(path, added(fresh, batch(100, 0)));
  const again = added(await loadTally(path, fresh), batch(50, 1));
  expect(again).toMatchObject({ done: 150, steps: 1_500, violations: 1, seconds: 3 });
  expect(again.coverage).toEqual({ reset: 150, refill: 0 });
});

it("does not go on with other code or from another seed", async () => {
  const path = join(await mkdtemp(join(tmpdir(), "holdfast-")), "run.json");
  await storeTally(path, newTally("abc", "r1", 1));
  await expect(loadTally(path, newTally("abd", "r2", 1))).rejects.toThrow("revision r1");
  await expect(loadTally(path, newTally("abc", "r1", 2))).rejects.toThrow("seeds from 1");
});

it("counts every broken seed and keeps the first of them", () => {
  const tally = added(newTally("abc", "r1", 1), batch(500, 250));
  expect(tally.violations).toBe(250);
  expect(tally.broken).toHaveLength(100);
});
