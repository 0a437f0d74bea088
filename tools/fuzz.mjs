// npm run fuzz: gives everything that takes bytes of strangers bad ones, and ends with one line:
// "N inputs, N findings". A finding is printed with its seed and its smallest input, as a vector for
// test/fuzz/vectors/findings.json.
import { bundleFuzzer } from "./fuzz/bundle.mjs";
import { runFuzzer } from "./fuzz/run.mjs";
import { commandLine, refuseCommandLine } from "./steps/command_line.mjs";

/** @import { Finding } from "./fuzz/run.mjs" */

const usage = `Usage: npm run fuzz -- [flags]

  --inputs N      over all targets [1000000]
  --seed S        what chance begins with [another one each time; it is printed]
  --target NAME   only this one; a run prints the names
`;

const { values } = commandLine(usage, {
  options: {
    inputs: { type: "string", default: "1000000" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 20)) },
    target: { type: "string" },
  },
});

/** @param {"inputs" | "seed"} name */
function wholeNumber(name) {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  return refuseCommandLine(`--${name} is a whole number.`);
}

/** @param {Finding} finding */
function print({ target, seed, index, problem, input }) {
  process.stdout.write(`\nFOUND ${target}, seed ${seed}, input ${index}: ${problem}\n`);
  if (input === undefined) {
    process.stdout.write("It takes what was tried before it, too.\n");
    return;
  }
  const bytes = Buffer.from(input, "base64");
  const text = bytes.toString("utf8");
  const shown = Buffer.from(text).equals(bytes) ? { text } : { hex: bytes.toString("hex") };
  process.stdout.write(`${JSON.stringify({ name: "", target, ...shown })}\n`);
}

const seed = wholeNumber("seed");
const inputs = wholeNumber("inputs");
process.stdout.write(`seed ${seed}\n`);
let tried = 0;
let findings = 0;
const { failure } = await runFuzzer(
  await bundleFuzzer(),
  { seed, inputs, ...(values.target === undefined ? {} : { only: values.target }) },
  {
    heard({ outcome }) {
      if (outcome === undefined) return;
      tried += outcome.inputs;
      const seconds = (outcome.ms / 1_000).toFixed(1);
      const kilobytes = Math.round(outcome.growthBytes / 1_024);
      process.stdout.write(
        `${outcome.target}: ${outcome.inputs} inputs in ${seconds} s, heap ${kilobytes} KiB more\n`,
      );
      if (outcome.finding === undefined) return;
      findings += 1;
      print(outcome.finding);
    },
  },
);
if (failure !== undefined) {
  findings += 1;
  process.stdout.write(`\nFOUND ${failure}\n`);
}
process.stdout.write(`${tried} inputs, ${findings} findings\n`);
process.exitCode = findings > 0 ? 1 : 0;
