import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/**
 * @typedef {{ path: string, text: string }} SourceFile `path` from the root, with forward slashes
 * @typedef {{ path: string, line?: number, message: string }} Violation
 */

const binary = /\.(?:png|jpe?g|gif|ico|webp|woff2?|wasm|bin|tgz|gz|lz4|zst)$/;

/**
 * Every text file of the repository that git tracks or would track.
 * @param {string} root
 * @returns {Promise<SourceFile[]>}
 */
export async function repositoryFiles(root) {
  const { stdout } = await promisify(execFile)(
    "git",
    ["ls-files", "-z", "--cached", "--others", "--exclude-standard"],
    { cwd: root, maxBuffer: 64 * 1024 * 1024 },
  );
  const paths = [...new Set(stdout.split("\0"))]
    .filter((path) => path && !binary.test(path))
    .sort();
  const files = await Promise.all(
    paths.map(async (path) => ({
      path,
      // A file deleted but not yet committed is listed and cannot be read.
      text: await readFile(join(root, path), "utf8").catch(() => undefined),
    })),
  );
  return files.flatMap(({ path, text }) => (text === undefined ? [] : [{ path, text }]));
}

/** @param {string} path */
export function isTypeScript(path) {
  return /\.(?:ts|tsx|mts)$/.test(path) && !path.endsWith(".d.ts");
}

/** Tests and what only tests use. @param {string} path */
export function isTest(path) {
  return /\.test\.tsx?$/.test(path) || /^(?:test|sim)\//.test(path);
}

/**
 * What a package publishes to run: its source without tests.
 * @param {string} path
 * @returns {{ package: string, inside: string } | undefined} `package`: the folder's name;
 *   `inside`: the path from its `src`
 */
export function packageSource(path) {
  const match = /^packages\/(?<package>[^/]+)\/src\/(?<inside>.+)$/.exec(path);
  if (!match?.groups || isTest(path) || !isTypeScript(path)) return undefined;
  return { package: match.groups.package ?? "", inside: match.groups.inside ?? "" };
}
