// npm test: installs what is missing, builds, lints, checks, tests, and ends with the line
// "N passed, N failed". Only node: modules are imported, so that it runs before anything is there.
// With --prepare it stops once everything the tests need has been provided; with --quick it leaves
// out the slow proofs and the other Node, and says so.
import { runChecks } from "./checks/mod.mjs";
import { build, tools } from "./steps/build.mjs";
import { provideClusterNats } from "./steps/cluster_nats.mjs";
import { forgetEmitted, searchEmitted } from "./steps/emitted.mjs";
import { installIfNeeded } from "./steps/install.mjs";
import { complaintAboutNode } from "./steps/node_version.mjs";
import { obtainNode, otherNodes } from "./steps/other_nodes.mjs";
import { endWithNpm } from "./steps/parent.mjs";
import { root, run } from "./steps/run.mjs";
import { say } from "./steps/say.mjs";
import { joinRuns, worthSecondRun } from "./steps/second_run.mjs";
import { provideSystemTools, systemTools as wanted } from "./steps/system_tools.mjs";
import { failuresIn, runVitest } from "./steps/vitest.mjs";

const total = { passed: 0, failed: 0 };

/**
 * What the reader is to see again beside the closing line.
 * @type {string[]}
 */
const remarks = [];

/** What takes minutes: whole systems under faults, and defects planted one by one. */
const slowProofs = [
  "**/verify*.test.ts",
  "**/planted/**",
  "sim/src/**",
  "test/bench/**",
  "test/fuzz/**",
];
const isQuick = process.argv.includes("--quick");

/**
 * Counts one check and tells whether it passed.
 * @param {string} name
 * @param {boolean} ok
 */
function count(name, ok) {
  total[ok ? "passed" : "failed"] += 1;
  if (!ok) remarks.push(`FAILED: ${name}`);
  say(`${ok ? "passed" : "FAILED"}: ${name}`);
  return ok;
}

/** What is judged without running the code. */
async function inspect() {
  const types = await run(process.execPath, [tools.tsc, "-p", "tsconfig.tests.json"]);
  count("tests and tools type-check", types.code === 0);
  const lint = await run(process.execPath, [tools.biome, "check", "--error-on-warnings", "."]);
  count("lint and format (npm run format mends most of it)", lint.code === 0);
  for (const { name, violations } of await runChecks(root)) {
    for (const { path, line, message } of violations) {
      process.stdout.write(`${path}${line === undefined ? "" : `:${line}`} ${message}\n`);
    }
    count(name, violations.length === 0);
  }
}

/**
 * Runs the test files, and those that failed once more by themselves if that can tell a
 * disturbance from a defect. What it took a second run to pass is named, never hidden.
 * @param {{ node: string, name: string, args: readonly string[], env: Record<string, string> }} options
 */
async function runTwice(options) {
  const { tally, report } = await runVitest(options);
  const failures = failuresIn(report).map(({ path, tests }) => [path, ...tests].join(" › "));
  const again = worthSecondRun(report, tally.failed);
  if (report === undefined || again.length === 0) return { tally, unsteady: [], failures };
  say(`Running once more, alone: ${again.join(", ")}.`);
  const second = await runVitest({ ...options, name: `${options.name}-again`, args: again });
  const both = joinRuns(report, second);
  return { ...both, failures: both.tally.failed > 0 ? failures : [] };
}

/**
 * The test files, on this Node and on the other supported one.
 * @param {Awaited<ReturnType<typeof provideSystemTools>>} systemTools
 */
async function testOnEveryNode({ env, missing }) {
  if (isQuick) say(`Left out by --quick: the other Node, and ${slowProofs.join(", ")}.`);
  const leftOut = [...missing.map((tool) => tool.neededBy), ...(isQuick ? slowProofs : [])];
  const left = leftOut.map((pattern) => `--exclude=${pattern}`);

  const runOn = async (
    /** @type {string} */ node,
    /** @type {string} */ version,
    /** @type {string[]} */ args,
  ) => {
    say(`Running the tests on Node ${version}.`);
    const name = `node-${version}`;
    const { tally, unsteady, failures } = await runTwice({ node, name, args, env });
    total.passed += tally.passed;
    total.failed += tally.failed;
    remarks.push(
      ...failures.map((test) => `FAILED on Node ${version}: ${test}`),
      ...unsteady.map((test) => `UNSTEADY on Node ${version}, passed only alone: ${test}`),
    );
  };
  await runOn(process.execPath, process.versions.node, left);
  for (const other of isQuick ? [] : otherNodes(process.versions.node)) {
    const node = await obtainNode(other);
    if (!count(`Node ${other.version} is there for the tests`, node !== undefined)) continue;
    // Tools and packaging do not depend on which Node runs the product.
    const args = [
      ...left,
      "--exclude=tools/**",
      "--exclude=test/package/**",
      "--exclude=sim/planted/**",
      "--exclude=test/planted/**",
    ];
    await runOn(node ?? "", other.version, args);
  }
}

async function everything() {
  const complaint = complaintAboutNode(process.versions.node);
  if (complaint !== undefined) {
    count(complaint, false);
    return;
  }
  if (!count("the Node packages are installed", await installIfNeeded())) return;
  const systemTools = await provideSystemTools();
  for (const { name, neededBy } of wanted) {
    const isThere = !systemTools.missing.some((tool) => tool.name === name);
    count(`${name} is there for ${neededBy}`, isThere);
  }
  const leftOut = isQuick ? undefined : await provideClusterNats(systemTools.env);
  if (leftOut !== undefined) remarks.push(leftOut);
  if (process.argv.includes("--prepare")) return;
  if (!count("everything builds", await build())) return;
  await inspect();
  await forgetEmitted();
  await testOnEveryNode(systemTools);
  const { ok, told, bytes, secrets } = await searchEmitted();
  for (const line of told) process.stdout.write(`${line}\n`);
  const said = `${secrets} secrets are in none of the ${Math.round(bytes / 1_024)} KiB`;
  count(`${said} that gateways and processes have said in the whole suite`, ok);
}

endWithNpm();
try {
  await everything();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  count("npm test itself", false);
}
for (const remark of remarks) say(remark);
process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
process.exitCode = total.failed > 0 || total.passed === 0 ? 1 : 0;
