// npm run test:security: what the gateway does against abuse, and that the tests of it can fail. The
// abuse cases, the conformance suite of the wire, the fuzzers, and every protection switched off once.
// Ends with "N passed, N failed".
import { marksOf } from "./abuse/marks.mjs";
import { build } from "./steps/build.mjs";
import { root } from "./steps/run.mjs";
import { say } from "./steps/say.mjs";
import { runVitest } from "./steps/vitest.mjs";

if (!(await build())) {
  process.stdout.write("\n0 passed, 1 failed\n");
  process.exit(1);
}
const marked = new Set([...(await marksOf(root)).values()].flatMap((files) => [...files.keys()]));
say(`The abuse cases stand in ${marked.size} files.`);
const { tally } = await runVitest({
  node: process.execPath,
  name: "security",
  args: [
    ...marked,
    "test/abuse/",
    "test/conformance/",
    "test/fuzz/",
    "test/planted/",
    "test/e2e/bad-input/",
    "test/e2e/headers.test.ts",
    "test/e2e/secrets.test.ts",
    "test/e2e/tls.test.ts",
    "packages/gateway/src/node/jwt/",
    "packages/holdfast/src/doctor/",
  ],
});
process.stdout.write(`\n${tally.passed} passed, ${tally.failed} failed\n`);
process.exit(tally.failed === 0 ? 0 : 1);
