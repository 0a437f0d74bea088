// npm run sim: runs the simulation and ends with one line of JSON. Fails where an invariant is broken,
// or where a kind of fault was never met.
import { availableParallelism } from "node:os";
import { basename } from "node:path";
import { neverMet, runBatch } from "./sim/batch.mjs";
import { bundleSimulation } from "./sim/bundle.mjs";
import { added, loadTally, newTally, storeTally } from "./sim/tally.mjs";
import { commandLine, refuseCommandLine } from "./steps/command_line.mjs";
import { run } from "./steps/run.mjs";

/** Seeds between two looks at the clock, and two writes of the state. */
const chunkSeeds = 5_000;
/** A few seeds cannot meet everything; the proof is a batch. */
const batchSeeds = 1_000;

const usage = `Usage: npm run sim -- [flags]

  --seeds N       worlds to run [1000]
  --seed S        number of the first [1]
  --workers W     processes [one for each processor, at most 8]
  --state FILE    keeps how far it is: a run that was ended goes on where it stood
  --minutes M     ends after so long; with --state it can go on later
  --json          prints the last line alone
`;

const { values } = commandLine(usage, {
  options: {
    seeds: { type: "string", default: "1000" },
    seed: { type: "string", default: "1" },
    workers: { type: "string", default: String(Math.min(8, availableParallelism())) },
    state: { type: "string" },
    minutes: { type: "string", default: "100000" },
    json: { type: "boolean", default: false },
  },
});

const seeds = wholeNumber("seeds");
const from = wholeNumber("seed");
const workers = wholeNumber("workers");
const minutes = wholeNumber("minutes");

/** @param {"seeds" | "seed" | "workers" | "minutes"} name */
function wholeNumber(name) {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  return refuseCommandLine(`--${name} is a whole number from 1.`);
}

const say = (/** @type {string} */ text) => values.json || process.stdout.write(`${text}\n`);
const { code, output } = await run("git", ["rev-parse", "--short=12", "HEAD"], { quiet: true });
const revision = code === 0 ? output.trim() : "unknown";
const bundle = await bundleSimulation();
const fresh = newTally(basename(bundle, ".mjs"), revision, from);
let tally = values.state === undefined ? fresh : await loadTally(values.state, fresh);
say(`Seeds ${from} to ${from + seeds - 1} at revision ${revision}, ${workers} processes.`);
if (tally.done > 0) say(`${tally.done} seeds are done.`);

const startMs = performance.now();
const minutesRun = () => (performance.now() - startMs) / 60_000;
while (tally.done < seeds && minutesRun() < minutes) {
  const before = tally.done;
  const count = Math.min(chunkSeeds, seeds - before);
  const batch = await runBatch(bundle, {
    from: from + before,
    seeds: count,
    workers: Math.min(workers, count),
    shrinks: true,
    onSeed: (done) => {
      if (done % 500 !== 0) return;
      const perMinute = Math.round((before + done) / (tally.seconds / 60 + minutesRun()));
      process.stderr.write(`${before + done} seeds, ${perMinute} a minute\n`);
    },
  });
  tally = added(tally, batch);
  if (values.state !== undefined) await storeTally(values.state, tally);
}

for (const { seed, faults, plan, explanation } of tally.broken) {
  say(`\nSeed ${seed} at revision ${revision}\nfewest faults: ${faults}\n${explanation}`);
  say(`to be kept in sim/kept once it is mended: ${plan}`);
}
const missing = tally.done >= batchSeeds ? neverMet(tally) : [];
for (const name of missing) say(`never met: ${name}`);
const { done, steps, violations, seconds, coverage } = tally;
const rounded = Math.round(seconds * 10) / 10;
const summary = { revision, from, seeds: done, steps, violations, seconds: rounded, coverage };
process.stdout.write(`${JSON.stringify(summary)}\n`);
process.exitCode = violations > 0 || missing.length > 0 ? 1 : 0;
