import { readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { root } from "./run.mjs";

/** Where tests keep what their gateways and processes have said (test/e2e/kit/emitted.ts). */
const folder = join(root, ".cache", "emitted");

/** Forgets what was said before this run. */
export function forgetEmitted() {
  return rm(folder, { recursive: true, force: true });
}

/**
 * Searches everything that was said in a run of the tests for what was told in confidence.
 * @param {string} [from] the folder
 * @returns {Promise<{ ok: boolean, told: string[], bytes: number, secrets: number }>} `told`: beginnings of
 *   lines that show a secret; `ok` also asks that there was something to search, and for something
 */
export async function searchEmitted(from = folder) {
  const names = await readdir(from).catch(() => []);
  const read = async (/** @type {string} */ ending) => {
    const files = names.filter((name) => name.endsWith(ending));
    return (await Promise.all(files.map((name) => readFile(join(from, name), "utf8")))).join("\n");
  };
  const said = await read(".said");
  const secrets = [...new Set((await read(".secrets")).split("\n").filter((line) => line !== ""))];
  const lines = said.split("\n").filter((line) => secrets.some((secret) => line.includes(secret)));
  const told = lines.map((line) => {
    const shown = secrets.reduce((text, secret) => text.replaceAll(secret, "(the secret)"), line);
    return shown.slice(0, 200);
  });
  const bytes = Buffer.byteLength(said);
  return {
    ok: told.length === 0 && bytes > 0 && secrets.length > 0,
    told,
    bytes,
    secrets: secrets.length,
  };
}
