import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { deserialize } from "node:v8";
import { open } from "lmdb";
import {
  decodeHeader,
  encodeEntry,
  writeHeader,
} from "../../packages/broker/dist/file/entry-codec.js";
import { digest } from "../../packages/broker/dist/memory/payload.js";
import { fullSpeed, ownCpuUs, platform, publisher, publishRequest } from "./measure.mjs";

/** @import { Broker } from "@holdfast/broker" */
/** @import { Step } from "./recorded_lmdb.mjs" */
/** @typedef {{ transactions: Step[][], measuredFrom: number, acknowledged: number }} Recorded */

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
/** Publishes of a round, and those its store has taken before, for each millisecond it is wished to take. */
const publishesPerMs = 15;
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

/** @param {number} count @param {number} window @returns {Promise<Recorded>} */
function record(count, window) {
  return inFolder((folder) => {
    execFileSync(process.execPath, [recorder, folder, String(count), String(window)]);
    return deserialize(readFileSync(join(folder, "recorded")));
  });
}

/**
 * What makes an entry's row of a request, as the engine has to as well; everything else is written as it
 * was recorded.
 */
function rowMaker() {
  const seqs = new Map();
  const session = platform.random.id(12);
  let sent = 0;
  /** @param {Buffer} recorded */
  return (recorded) => {
    const { data, timeMs, user = "", key } = publishRequest(sent++, seqs, session);
    const sum = digest({ data });
    if (sum === "" || key === undefined) throw new Error("the request has no key to remember");
    const row = encodeEntry({ id: platform.random.id(8), timeMs, data, user });
    writeHeader(row, decodeHeader(recorded));
    return row;
  };
}

/**
 * The new rows of a transaction.
 * @param {readonly Step[] | undefined} steps
 * @param {(recorded: Buffer) => Buffer} rowOf
 */
function rowsOf(steps, rowOf) {
  const rows = [];
  for (const { operation, value } of steps ?? []) {
    if (operation === "put" && Buffer.isBuffer(value)) rows.push(rowOf(value));
  }
  return rows;
}

/** @param {Recorded} recorded */
function replay({ transactions, measuredFrom, acknowledged }) {
  return inFolder(async (folder) => {
    const root = open({ ...options, path: join(folder, "raw.mdb") });
    const names = new Set(transactions.flat().map(({ table }) => table));
    const tables = new Map(
      [...names].map((name) => {
        const encoding = encodings.get(name) ?? "json";
        return [name, root.openDB({ name, encoding, keyEncoding: "binary" })];
      }),
    );
    const rowOf = rowMaker();
    let [beganMs, beganUs] = [0, 0];
    let rows = rowsOf(transactions[0], rowOf);
    for (const [index, steps] of transactions.entries()) {
      if (index === measuredFrom) [beganMs, beganUs] = [performance.now(), ownCpuUs()];
      await root.childTransaction(() => {
        let made = 0;
        for (const { table, operation, key, value } of steps) {
          const database = tables.get(table);
          if (operation !== "put") database?.[operation](key);
          else void database?.put(key, Buffer.isBuffer(value) ? rows[made++] : value);
        }
        // While this one is on its way to the disk, as the engine does.
        void Promise.resolve().then(() => {
          rows = rowsOf(transactions[index + 1], rowOf);
        });
      });
    }
    const perSecond = acknowledged / ((performance.now() - beganMs) / 1_000);
    const cpuUs = ownCpuUs() - beganUs;
    await root.close();
    return { acknowledged, perSecond, cpuUs };
  });
}

/**
 * What the bare client library is measured beside: the engine with a new store that has taken as many publishes
 * before, because in a fuller one every row costs more.
 * @param {(url: string) => Promise<Broker>} open
 * @param {number} ms
 * @param {number} window
 */
export function fileRound(open, ms, window) {
  const count = ms * publishesPerMs;
  return inFolder(async (folder) => {
    const broker = await open(`file:${folder}`);
    const link = await publisher(broker);
    await fullSpeed(link, Number.POSITIVE_INFINITY, window, count);
    const beganUs = ownCpuUs();
    const speed = await fullSpeed(link, Number.POSITIVE_INFINITY, window, count);
    const cpuUs = ownCpuUs() - beganUs;
    await broker.close();
    return { ...speed, cpuUs };
  });
}

/** @type {Promise<Recorded> | undefined} */
let recording;

/**
 * The same requests made into the same rows, read and written in the same transactions by the bare client
 * library: what the engine's own work costs beside it, which is to decide, to remember and to answer.
 * @param {number} ms
 * @param {number} window
 */
export async function rawFile(ms, window) {
  recording ??= record(ms * publishesPerMs, window);
  return await replay(await recording);
}
