// Publishes to a file engine in a folder for so long and writes down what it asks of LMDB, and what its store
// was before: record_file.mjs FOLDER MS WINDOW
import { copyFileSync, writeFileSync } from "node:fs";
import { register } from "node:module";
import { join } from "node:path";
import { serialize } from "node:v8";
import { fullSpeed, platform, publisher } from "./measure.mjs";

const hooks = `
export async function resolve(specifier, context, next) {
  const isEngine = context.parentURL?.endsWith("/file/lmdb-store.js");
  if (specifier !== "lmdb" || !isEngine) return next(specifier, context);
  return { url: ${JSON.stringify(new URL("recorded_lmdb.mjs", import.meta.url).href)}, shortCircuit: true };
}`;
register(`data:text/javascript,${encodeURIComponent(hooks)}`);
const [folder = "", ms, window] = process.argv.slice(2);
const { openFileUrl } = await import("@holdfast/broker/file");
const { transactions } = await import("./recorded_lmdb.mjs");
const url = `file:${join(folder, "store")}`;

/** @param {() => void} [ended] runs when the store is closed */
async function publish(ended = () => {}) {
  const broker = await openFileUrl(url, platform);
  const link = await publisher(broker);
  const { acknowledged } = await fullSpeed(link, Number(ms), Number(window));
  await broker.close();
  ended();
  return acknowledged;
}

// Until as much is trimmed as is appended: what a store does from then on.
await publish(() => copyFileSync(join(folder, "store", "store.mdb"), join(folder, "before.mdb")));
transactions.length = 0;
const acknowledged = await publish();
writeFileSync(join(folder, "recorded"), serialize({ transactions, acknowledged }));
process.exit(0);
