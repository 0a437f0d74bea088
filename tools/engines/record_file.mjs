// Publishes so often to a file engine in a folder and writes down what it asks of LMDB, and what its store was
// before: record_file.mjs FOLDER COUNT WINDOW
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { serialize } from "node:v8";
import { giveInstead } from "./hooking.mjs";
import { fullSpeed, platform, publisher } from "./measure.mjs";

const instead = new URL("recorded_lmdb.mjs", import.meta.url).href;
giveInstead("lmdb", "/file/lmdb-store.js", instead);
const [folder = "", count, window] = process.argv.slice(2);
const { openFileUrl } = await import("@holdfast/broker/file");
const { transactions } = await import("./recorded_lmdb.mjs");
const url = `file:${join(folder, "store")}`;

/** @param {() => void} [ended] runs when the store is closed */
async function publish(ended = () => {}) {
  const broker = await openFileUrl(url, platform);
  const link = await publisher(broker);
  const { acknowledged } = await fullSpeed(link, Infinity, Number(window), Number(count));
  await broker.close();
  ended();
  return acknowledged;
}

// As often before: as much is trimmed then as is appended.
await publish(() => copyFileSync(join(folder, "store", "store.mdb"), join(folder, "before.mdb")));
transactions.length = 0;
const acknowledged = await publish();
writeFileSync(join(folder, "recorded"), serialize({ transactions, acknowledged }));
process.exit(0);
