// npm run herd: simulates many clients coming back after their gateways were killed or drained, in virtual time.
import { spawn } from "node:child_process";
import { bundleHerd } from "./sim/bundle.mjs";
import { commandLine, refuseCommandLine } from "./steps/command_line.mjs";

const usage = `Usage: npm run herd -- [flags]

  --clients N     [100000]
  --gateways N    [4]
  --accepts N     connections a gateway takes in a second (acceptsPerSecond) [2000]
  --resumes N     resumes it begins in a second (resumesPerSecond) [5000]
  --end HOW       how the gateways end: kill or drain [both, one after the other]
  --seed S        [1]
  --json          prints the figures as JSON, a line for each end
`;

const { values } = commandLine(usage, {
  options: {
    clients: { type: "string", default: "100000" },
    gateways: { type: "string", default: "4" },
    accepts: { type: "string", default: "2000" },
    resumes: { type: "string", default: "5000" },
    seed: { type: "string", default: "1" },
    end: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const ends = values.end === undefined ? ["kill", "drain"] : [values.end];
const numbers = {
  seed: Number(values.seed),
  clients: Number(values.clients),
  gateways: Number(values.gateways),
  acceptsPerSecond: Number(values.accepts),
  resumesPerSecond: Number(values.resumes),
};
const isWrong = Object.values(numbers).some((each) => !Number.isSafeInteger(each) || each < 1);
if (isWrong || ends.some((end) => end !== "kill" && end !== "drain")) {
  refuseCommandLine("Numbers are whole and from 1; --end is kill or drain.");
}
const bundle = await bundleHerd();
for (const end of ends) {
  const text = await figuresOf({ ...numbers, end });
  process.stdout.write(values.json ? `${text}\n` : `${sentences(JSON.parse(text))}\n`);
}

/**
 * @param {object} plan
 * @returns {Promise<string>}
 */
function figuresOf(plan) {
  return new Promise((resolve, reject) => {
    // A client and its connection take some 40 kB together.
    const args = ["--max-old-space-size=12288", bundle, JSON.stringify(plan)];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(output.trim());
      else reject(new Error(`the herd ended with ${code}`));
    });
  });
}

/** @param {import("../sim/src/herd/herd.ts").HerdFigures} figures */
function sentences(figures) {
  const seconds = (/** @type {number} */ ms) => `${(ms / 1_000).toFixed(1)} s`;
  const { clients, gateways, end, dials, turnedAway, withoutAdvice } = figures;
  return [
    `${clients} clients, ${gateways} gateways ${end === "kill" ? "killed at once" : "drained over 10 s"}:`,
    `  back: half ${seconds(figures.halfBackMs)}, 99 % ${seconds(figures.nearlyAllBackMs)}, all ${seconds(figures.allBackMs)}`,
    `  most connections a gateway took in one second: ${figures.peakAccepts} (rate ${figures.acceptsPerSecond})`,
    `  most resumes a gateway began in one second: ${figures.peakResumes} (rate ${figures.resumesPerSecond})`,
    `  dials ${dials}, turned away ${turnedAway} (without a time to wait: ${withoutAdvice}), resumes put off ${figures.resumesPutOff}, resets ${figures.resets}`,
  ].join("\n");
}
