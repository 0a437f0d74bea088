import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { encodeHistory } from "@holdfast/probe";
import { describe, expect, it } from "vitest";
import { neverMet, runBatch } from "../../tools/sim/batch.mjs";
import { bundleSimulation } from "../../tools/sim/bundle.mjs";
import { root } from "../../tools/steps/run.mjs";
import { plantedBugs, rareBugs } from "../planted/bugs.mjs";
import { type Plan, planOf } from "./plan/plan.js";
import { shrink } from "./shrink.js";
import { runPlan } from "./world/run.js";

const patienceMs = 600_000;
const seeds = 2_000;
const kept = join(root, "sim", "kept");

interface KeptRun {
  readonly name: string;
  /** The defect, as it can be planted again, and the promise that it broke. */
  readonly defect: string;
  readonly invariant: string;
  readonly plan: Plan;
}

function keptRuns(): readonly KeptRun[] {
  const names = readdirSync(kept).filter((name) => name.endsWith(".json"));
  return names.map((name) => ({ name, ...JSON.parse(readFileSync(join(kept, name), "utf8")) }));
}

it(
  "2,000 seeds break no promise and meet every kind of fault",
  async () => {
    const result = await runBatch(await bundleSimulation(), { seeds });
    expect(result.broken.map(({ seed, explanation }) => `seed ${seed}: ${explanation}`)).toEqual(
      [],
    );
    expect(result.seeds).toBe(seeds);
    expect(result.steps / result.seeds).toBeGreaterThan(500);
    expect(neverMet(result)).toEqual([]);
  },
  patienceMs,
);

describe("a seed", () => {
  it("gives the same history byte for byte, and another seed gives another", async () => {
    const digest = async (seed: number): Promise<string> => {
      const { events } = await runPlan(planOf(seed));
      return createHash("sha256").update(encodeHistory(events)).digest("hex");
    };
    const first = await digest(7);
    expect(await digest(7)).toBe(first);
    expect(await digest(8)).not.toBe(first);
  });

  it("is shrunk to the faults without which nothing is broken", async () => {
    const plan = planOf(2);
    const { faults } = plan;
    expect(faults.length).toBeGreaterThan(4);
    const needed = [faults[1]!, faults[3]!];
    let runs = 0;
    const small = await shrink(plan, async ({ faults: left }) => {
      runs += 1;
      return needed.every((fault) => left.includes(fault));
    });
    expect(small).toEqual({ ...plan, faults: needed });
    expect(runs).toBeLessThan(4 * faults.length);
  });
});

// Seeds draw other runs when the simulation changes, so what is kept is the run itself.
describe("a run that a defect once broke", () => {
  for (const { name, defect, invariant, plan } of keptRuns()) {
    it(
      `breaks nothing any more: ${name}`,
      async () => {
        const { verdict } = await runPlan(plan);
        expect(verdict.violations.map(({ message }) => message)).toEqual([]);
      },
      patienceMs,
    );

    it(
      `is still broken by it: ${name}`,
      async () => {
        const bug = [...plantedBugs, ...rareBugs].find((planted) => planted.name === defect);
        const { broken } = await runBatch(await bundleSimulation(bug), {
          seeds: 1,
          workers: 1,
          plans: [plan],
        });
        expect(bug).toBeDefined();
        expect(broken.flatMap(({ invariants }) => invariants)).toContain(invariant);
      },
      patienceMs,
    );
  }
});

it("the simulated gateways and clients are the product's own", async () => {
  const folder = join(root, "sim", "src");
  const files = (await readdir(folder, { recursive: true })).filter((file) => /\.ts$/.test(file));
  const sources = await Promise.all(
    files
      .filter((file) => !file.endsWith(".test.ts"))
      .map((file) => readFile(join(folder, file), "utf8")),
  );
  const all = sources.join("\n");
  for (const own of ["Hub", "Session", "Client", "Subscription", "Replay", "Refill", "Outbox"]) {
    expect(all).not.toMatch(new RegExp(`class \\w*${own}\\b`));
  }
  expect(all).toContain(
    'import { createCore, digestOf, type GatewayCore } from "@holdfast/gateway/internal"',
  );
  expect(all).toContain('import { type Client, createClient } from "@holdfast/client/internal"');
});
