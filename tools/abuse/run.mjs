// Loads each abuse test with its protection switched off, and prints what became of it: a JSON text a
// line. Started by test/planted/abuse.planted.test.ts.
import { createHash } from "node:crypto";
import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createVitest } from "vitest/node";
import { opposites } from "../../test/abuse/opposites.mjs";
import { plantedText } from "../planting.mjs";
import { root } from "../steps/run.mjs";

/** @import { Opposite } from "../../test/abuse/opposites/opposite.mjs" */

/** A test that waits for what a protection would have done waits in vain; its own time may be shorter. */
const PATIENCE_MS = 6_000;
/** Many of these tests do nothing but wait. */
const MAX_WORKERS = 4;
const packaged = "node_modules/ws/";
const conditions = ["@holdfast/source", "module", "node", "development|production"];

/** How often each was put in. @type {Map<string, number>} */
const planted = new Map();

/** @param {Opposite} opposite */
const keyOf = ({ row, name }) => `${row}: ${name}`;

/** @param {Opposite} opposite */
function planting(opposite) {
  const path = join(root, opposite.file);
  const key = keyOf(opposite);
  return {
    name: "planting",
    enforce: /** @type {const} */ ("pre"),
    /** @param {string} id */
    async load(id) {
      if (id.split("?", 1)[0] !== path) return null;
      const text = await plantedText(opposite);
      planted.set(key, (planted.get(key) ?? 0) + 1);
      return text;
    },
  };
}

/**
 * A copy of `ws` with the defect in it: packages are not loaded through the plugin.
 * @param {Opposite} opposite
 * @returns {Promise<string>} the module to load in its place
 */
async function copyOfWs(opposite) {
  const key = keyOf(opposite);
  const name = createHash("sha256").update(key).digest("hex").slice(0, 12);
  const copy = join(root, ".cache", "planted", name, packaged);
  await cp(join(root, packaged), copy, { recursive: true });
  const changed = join(copy, opposite.file.slice(packaged.length));
  await writeFile(changed, await plantedText(opposite));
  planted.set(key, 1);
  return join(copy, "wrapper.mjs");
}

/** @param {Opposite} opposite */
async function projectOf(opposite) {
  const inPackage = opposite.file.startsWith(packaged);
  const alias = inPackage ? { ws: await copyOfWs(opposite) } : {};
  return {
    plugins: inPackage ? [] : [planting(opposite)],
    resolve: { conditions, alias },
    ssr: { resolve: { conditions } },
    test: {
      name: keyOf(opposite),
      root,
      include: [opposite.test.file],
      setupFiles: [join(root, "tools", "abuse", "only.mjs")],
      provide: { only: opposite.test.name },
      testTimeout: PATIENCE_MS,
    },
  };
}

/**
 * Prints what became of one test.
 * @param {import("vitest/node").TestModule} module
 */
function report(module) {
  const tally = { passed: 0, failed: 0 };
  for (const test of module.children.allTests()) {
    const { state } = test.result();
    if (state === "passed" || state === "failed") tally[state] += 1;
  }
  const { name } = module.project;
  process.stdout.write(`${JSON.stringify({ name, planted: planted.get(name) ?? 0, ...tally })}\n`);
}

/** @param {readonly Opposite[]} wanted */
async function run(wanted) {
  const projects = await Promise.all(wanted.map(projectOf));
  const vitest = await createVitest("test", {
    root,
    config: false,
    watch: false,
    maxWorkers: MAX_WORKERS,
    reporters: [{ onTestModuleEnd: report }],
    projects: /** @type {never} */ (projects),
  });
  await vitest.start();
  await vitest.close();
}

const [, , filter = ""] = process.argv;
await run(opposites.filter((each) => keyOf(each).includes(filter)));
process.exit(0);
