// npm run sim -- --seeds N [--seed S] [--workers W] [--json]: runs the simulation and ends with one
// line of JSON. Fails where an invariant is broken, or where a kind of fault was never met.
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { neverMet, runBatch } from "./sim/batch.mjs";
import { bundleSimulation } from "./sim/bundle.mjs";
import { run } from "./steps/run.mjs";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
    workers: { type: "string", default: String(Math.min(8, availableParallelism())) },
    json: { type: "boolean", default: false },
  },
});

const seeds = Number(values.seeds);
const from = Number(values.seed);
const workers = Math.min(Number(values.workers), seeds);
if (![seeds, from, workers].every((each) => Number.isSafeInteger(each) && each >= 1)) {
  process.stderr.write("--seeds, --seed and --workers are whole numbers from 1.\n");
  process.exit(2);
}

const say = (/** @type {string} */ text) => values.json || process.stdout.write(`${text}\n`);
const { code, output } = await run("git", ["rev-parse", "--short=12", "HEAD"], { quiet: true });
const revision = code === 0 ? output.trim() : "unknown";
say(`Seeds ${from} to ${from + seeds - 1} at revision ${revision}, ${workers} processes.`);

const bundle = await bundleSimulation();
const result = await runBatch(bundle, {
  from,
  seeds,
  workers,
  shrinks: true,
  onSeed: (done) => done % 500 === 0 && say(`${done} seeds`),
});
for (const { seed, faults, explanation } of result.broken) {
  say(`\nSeed ${seed} at revision ${revision}\nfewest faults: ${faults}\n${explanation}`);
}
// A few seeds cannot meet everything; the proof is a batch.
const missing = seeds >= 1_000 ? neverMet(result) : [];
for (const name of missing) say(`never met: ${name}`);
const { steps, broken, seconds, coverage } = result;
const summary = {
  revision,
  from,
  seeds: result.seeds,
  steps,
  violations: broken.length,
  seconds: Math.round(seconds * 10) / 10,
  coverage,
};
process.stdout.write(`${JSON.stringify(summary)}\n`);
process.exitCode = broken.length > 0 || missing.length > 0 ? 1 : 0;
