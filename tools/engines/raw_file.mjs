import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { deserialize } from "node:v8";
import { open } from "lmdb";

/** @import { Step } from "./recorded_lmdb.mjs" */
/** @typedef {{ transactions: Step[][], acknowledged: number }} Recorded */

/** As the engine opens its file. */
const options = /** @type {const} */ ({
  noSubdir: true,
  maxDbs: 20,
  overlappingSync: false,
  eventTurnBatching: false,
  encoding: "binary",
  keyEncoding: "binary",
});
/** Tables whose values are bytes or texts; all others hold JSON. */
const encodings = new Map([
  ["entries", /** @type {const} */ ("binary")],
  ["logEntries", /** @type {const} */ ("binary")],
  ["logSnapshots", /** @type {const} */ ("binary")],
  ["snapshots", /** @type {const} */ ("string")],
]);
const recorder = fileURLToPath(new URL("record_file.mjs", import.meta.url));

/** @template T @param {(folder: string) => T} work @returns {Promise<Awaited<T>>} */
async function inFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), "hf-bench-"));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {number} ms @param {number} window @returns {Promise<Recorded>} */
function record(ms, window) {
  return inFolder((folder) => {
    execFileSync(process.execPath, [recorder, folder, String(ms), String(window)]);
    return deserialize(readFileSync(join(folder, "recorded")));
  });
}

/** @param {Recorded} recorded */
function replay({ transactions, acknowledged }) {
  return inFolder(async (folder) => {
    const root = open({ ...options, path: join(folder, "raw.mdb") });
    const names = new Set(transactions.flat().map(({ table }) => table));
    const tables = new Map(
      [...names].map((name) => {
        const encoding = encodings.get(name) ?? "json";
        return [name, root.openDB({ name, encoding, keyEncoding: "binary" })];
      }),
    );
    const beganMs = performance.now();
    for (const steps of transactions) {
      await root.childTransaction(() => {
        for (const { table, operation, key, value } of steps) {
          const database = tables.get(table);
          if (operation === "put") void database?.put(key, value);
          else database?.[operation](key);
        }
      });
    }
    const perSecond = acknowledged / ((performance.now() - beganMs) / 1_000);
    await root.close();
    return { acknowledged, perSecond };
  });
}

/** @type {Promise<Recorded> | undefined} */
let recording;

/**
 * The same reads and writes in the same transactions by the bare client library: what the engine's own
 * work costs beside it.
 * @param {number} ms
 * @param {number} window
 */
export async function rawFile(ms, window) {
  recording ??= record(ms, window);
  return await replay(await recording);
}
