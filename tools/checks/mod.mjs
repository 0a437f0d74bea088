import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  browserGzippedMaxBytes,
  checkBrowserSize,
  msgpackGzippedMaxBytes,
} from "./browser_size.mjs";
import { checkDependencyDirection } from "./dependency_direction.mjs";
import { repositoryFiles } from "./files.mjs";
import { checkPinnedPackages } from "./pinned_packages.mjs";
import { checkPlatformBans } from "./platform_bans.mjs";
import { checkPortableText } from "./portable_text.mjs";
import { checkProjectReferences } from "./project_references.mjs";
import { checkTypeEscapes } from "./type_escapes.mjs";

/** @import { SourceFile, Violation } from "./files.mjs" */

/** @type {readonly { name: string, check: (files: readonly SourceFile[]) => Violation[] }[]} */
const checks = [
  { name: "dependencies keep one direction", check: checkDependencyDirection },
  { name: "every package is compiled, after what it needs", check: checkProjectReferences },
  { name: "core logic has no clock, chance or timers", check: checkPlatformBans },
  { name: "types and tests are not silenced", check: checkTypeEscapes },
  { name: "packages are pinned exactly", check: checkPinnedPackages },
  { name: "no machine paths or registry hosts", check: checkPortableText },
];

/**
 * Runs every check over the repository.
 * @param {string} root
 * @returns {Promise<{ name: string, violations: Violation[] }[]>}
 */
export async function runChecks(root) {
  const files = await repositoryFiles(root);
  const results = checks.map(({ name, check }) => ({ name, violations: check(files) }));
  results.push({
    name: "the browser client is at most 12 kB gzipped, and its MessagePack 4 kB",
    violations: [...(await clientSizeViolations(root)), ...(await msgpackSizeViolations())],
  });
  return results;
}

/** @param {string} root */
async function clientSizeViolations(root) {
  const path = "packages/client/dist/browser/client.js";
  const bundle = await readFile(join(root, path)).catch(() => undefined);
  if (bundle === undefined) return [{ path, message: "was not built" }];
  return checkBrowserSize(path, bundle, browserGzippedMaxBytes);
}

async function msgpackSizeViolations() {
  // What it imports is there only after the installation.
  const { bundledAlone } = await import("../build-browser.mjs");
  const bundle = await bundledAlone("msgpack.ts");
  return checkBrowserSize("packages/client/src/msgpack.ts", bundle, msgpackGzippedMaxBytes);
}
