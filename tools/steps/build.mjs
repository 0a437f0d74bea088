import { existsSync } from "node:fs";
import { join } from "node:path";
import { buildNative } from "../build-native.mjs";
import { root, run } from "./run.mjs";
import { say, secondsSince } from "./say.mjs";

/** Where the compiler and the linter are started from: their JavaScript entry, with this Node. */
export const tools = {
  tsc: join(root, "node_modules", "typescript", "bin", "tsc"),
  biome: join(root, "node_modules", "@biomejs", "biome", "bin", "biome"),
  vitest: join(root, "node_modules", "vitest", "vitest.mjs"),
};

/**
 * Compiles what has changed since the last time, and bundles the client for browsers.
 * @returns {Promise<boolean>} whether everything compiled
 */
export async function build() {
  const startMs = performance.now();
  say("Compiling what has changed (tsc -b).");
  const compiled = await run(process.execPath, [tools.tsc, "-b"]);
  if (compiled.code !== 0) {
    say("The TypeScript does not compile; the errors are above.");
    return false;
  }
  if (existsSync(join(root, "packages", "client", "src", "mod.ts"))) {
    const { code } = await run(process.execPath, [join(root, "tools", "build-browser.mjs")]);
    if (code !== 0) {
      say("The browser bundle could not be made; the reason is above.");
      return false;
    }
  }
  say(`Native part: ${buildNative().text}.`);
  say(`Built in ${secondsSince(startMs)}.`);
  return true;
}
