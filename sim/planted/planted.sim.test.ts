import { describe, expect, it } from "vitest";
import { runBatch } from "../../tools/sim/batch.mjs";
import { bundleSimulation } from "../../tools/sim/bundle.mjs";
import { plantedBugs } from "./bugs.mjs";

// A proof that cannot fail proves nothing: each defect is put into the product's source while the
// simulation is bundled, and has to be found and named.

const patienceMs = 240_000;

describe("the simulation finds", () => {
  for (const bug of plantedBugs) {
    it(
      bug.name,
      async () => {
        const bundle = await bundleSimulation(bug);
        const { broken } = await runBatch(bundle, { seeds: bug.seeds, stopsAtFirst: true });
        const named = new Set(broken.flatMap(({ invariants }) => invariants));
        expect(
          bug.invariants.some((name) => named.has(name)),
          [...named].join(),
        ).toBe(true);
      },
      patienceMs,
    );
  }
});

it("every promise has its planted defect", async () => {
  const { invariants } = await import("@holdfast/probe");
  const planted = new Set(plantedBugs.flatMap((bug) => bug.invariants));
  const without = invariants.map(({ name }) => name).filter((name) => !planted.has(name));
  expect(without).toEqual([]);
});

it("a defect whose place is gone is an error and not a pass", async () => {
  const [bug] = plantedBugs;
  const moved = { ...bug!, find: "this text stands nowhere in the product" };
  await expect(bundleSimulation(moved)).rejects.toThrow("stands 0 times");
});
