// npm run conformance:autobahn [-- --cases 1.*,12.* --messages N --report FILE]: the fuzzing client of
// the Autobahn test suite against the gateway's own door and transport. Fails on every case that is not
// OK, NON-STRICT or INFORMATIONAL, and where the suite cannot be installed.
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { openEndpoint } from "./autobahn/endpoint.mjs";
import { installSuite, suite } from "./autobahn/install.mjs";
import { bySection, failures, page } from "./autobahn/summary.mjs";
import { root, run } from "./steps/run.mjs";
import { say, secondsSince } from "./steps/say.mjs";

/** As the suite has it. */
const MESSAGES = 1_000;
const AGENT = "Holdfast";

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "*" },
    messages: { type: "string", default: String(MESSAGES) },
    report: { type: "string" },
  },
});
const messages = Number(values.messages);
if (!Number.isSafeInteger(messages) || messages < 1) {
  process.stderr.write("--messages is a whole number from 1.\n");
  process.exit(2);
}

const folder = join(root, ".cache", "autobahn");
const installed = await installSuite(folder);
if ("reason" in installed) {
  say(
    `The Autobahn test suite cannot be installed here, so nothing was tested: ${installed.reason}`,
  );
  process.exit(1);
}

const outdir = join(folder, "reports");
await rm(outdir, { recursive: true, force: true });
await mkdir(outdir, { recursive: true });
const endpoint = await openEndpoint(folder);
const specification = join(folder, "specification.json");
const url = `ws://127.0.0.1:${endpoint.port}`;
await writeFile(
  specification,
  JSON.stringify({
    outdir,
    messages,
    servers: [{ agent: AGENT, url }],
    cases: values.cases.split(","),
    "exclude-cases": [],
    "exclude-agent-cases": {},
  }),
);
const { output: head } = await run("git", ["rev-parse", "--short=12", "HEAD"], { quiet: true });
const startMs = performance.now();
const fuzz = fileURLToPath(new URL("./autobahn/fuzz.py", import.meta.url));
const { code, output } = await run(installed.python, [fuzz, installed.port, specification], {
  quiet: true,
});
endpoint.close();

const wanted = Number(/will run (\d+) test cases/.exec(output)?.[1] ?? 0);
/** @type {import("./autobahn/summary.mjs").Outcomes} */
const outcomes = await readFile(join(outdir, "index.json"), "utf8").then(
  (text) => JSON.parse(text)[AGENT] ?? {},
  () => ({}),
);
const count = Object.keys(outcomes).length;
if (code !== 0 || count === 0 || count !== wanted) {
  process.stdout.write(output.split("\n").slice(-30).join("\n"));
  say(`The suite ended early: ${count} of ${wanted} cases, exit code ${code}.`);
  process.exit(1);
}

for (const { number, name, cases, ok, nonStrict, informational, failed } of bySection(outcomes)) {
  const others = [...nonStrict, ...informational].length;
  process.stdout.write(
    `${number} ${name}: ${cases} cases, ${ok} OK, ${others} permitted, ${failed} failed\n`,
  );
}
const wrong = failures(outcomes);
for (const { id, behavior, behaviorClose } of wrong) {
  process.stdout.write(`FAILED ${id}: ${behavior}, closing ${behaviorClose}\n`);
}
if (values.report !== undefined) {
  const date = new Date().toISOString().slice(0, 10);
  const about = { suite, date, node: process.versions.node, revision: head.trim(), messages };
  await writeFile(values.report, page(outcomes, about));
}
say(`${suite} in ${secondsSince(startMs)}; the report of each case is in .cache/autobahn/reports.`);
process.stdout.write(`${count - wrong.length} passed, ${wrong.length} failed\n`);
process.exit(wrong.length === 0 ? 0 : 1);
