// npm run test:engines [-- file redis nats]: the conformance suite and the fault tests of the engines
// named, or of all, against real servers that the tests start. Ends with "N passed, N failed".
import { build } from "./steps/build.mjs";
import { provideClusterNats } from "./steps/cluster_nats.mjs";
import { say } from "./steps/say.mjs";
import { provideSystemTools } from "./steps/system_tools.mjs";
import { runVitest } from "./steps/vitest.mjs";

/** What belongs to each engine, as vitest finds it. @type {Readonly<Record<string, readonly string[]>>} */
const engines = {
  memory: ["packages/broker/src/memory/", "packages/broker/src/testing/"],
  file: ["packages/broker/src/file/", ".file.test.ts"],
  redis: ["packages/redis/", ".redis.test.ts"],
  nats: ["packages/nats/", ".nats.test.ts"],
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => !Object.hasOwn(engines, name));
if (unknown.length > 0) {
  say(`${unknown.join(", ")}: none of ${Object.keys(engines).join(", ")}`);
  process.exit(2);
}
const wanted = names.length > 0 ? names : Object.keys(engines);
const { env, missing } = await provideSystemTools();
const absent = missing.filter(({ name }) => wanted.includes(name.toLowerCase()));
for (const { name } of absent) say(`${name} is missing: its engine cannot be tested.`);
const leftOut = wanted.includes("nats") ? await provideClusterNats(env) : undefined;
if (leftOut !== undefined) say(leftOut);
await build();
const patterns = wanted.flatMap((name) => engines[name] ?? []);
const { tally } = await runVitest({
  node: process.execPath,
  name: "engines",
  args: [...patterns],
  env,
});
const lost = tally.failed + absent.length;
process.stdout.write(`\n${tally.passed} passed, ${lost} failed\n`);
process.exit(lost === 0 ? 0 : 1);
