import { join } from "node:path";
import { buildNative } from "../build-native.mjs";
import { copyDemo } from "../copy-demo.mjs";
import { root, run } from "./run.mjs";
import { say, secondsSince } from "./say.mjs";

/** Where the compiler and the linter are started from: their JavaScript entry, with this Node. */
export const tools = {
  tsc: join(root, "node_modules", "typescript", "bin", "tsc"),
  biome: join(root, "node_modules", "@biomejs", "biome", "bin", "biome"),
  vitest: join(root, "node_modules", "vitest", "vitest.mjs"),
};

/**
 * How many projects `tsc -b` has to compile, by its own judgement.
 * @returns {Promise<number>}
 */
async function staleProjects() {
  const { output } = await run(process.execPath, [tools.tsc, "-b", "--dry"], { quiet: true });
  return output.match(/would (?:build|update)/g)?.length ?? 0;
}

/**
 * Compiles what has changed, and bundles the client for browsers; says so where there was
 * something to do.
 * @returns {Promise<boolean>} whether everything compiled
 */
export async function build() {
  const startMs = performance.now();
  const stale = await staleProjects();
  if (stale > 0) say(`Compiling the ${stale} packages that changed or need one that did (tsc -b).`);
  const compiled = await run(process.execPath, [tools.tsc, "-b"]);
  if (compiled.code !== 0) {
    say("The TypeScript does not compile; the errors are above.");
    return false;
  }
  try {
    // What it imports is there only after the installation.
    const { buildBrowser } = await import("../build-browser.mjs");
    const bundle = await buildBrowser();
    const demo = copyDemo();
    const helper = buildNative();
    if (bundle.changed) say(`Browser client: ${bundle.text}.`);
    if (demo.changed) say(`Chat demo: ${demo.text}.`);
    if (helper.changed || !helper.built) say(`Native part: ${helper.text}.`);
    const hasChanged = stale > 0 || bundle.changed || demo.changed || helper.changed;
    if (!hasChanged) say("Everything is built already.");
    else say(`Built in ${secondsSince(startMs)}.`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    say("The browser bundle could not be made; the reason is above.");
    return false;
  }
  return true;
}
