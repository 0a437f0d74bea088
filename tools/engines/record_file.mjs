// Publishes to a file engine in a folder for so long and writes down what it asks of LMDB:
// record_file.mjs FOLDER MS WINDOW
import { writeFileSync } from "node:fs";
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
const broker = await openFileUrl(`file:${join(folder, "store")}`, platform);
const link = await publisher(broker);
const { acknowledged } = await fullSpeed(link, Number(ms), Number(window));
writeFileSync(join(folder, "recorded"), serialize({ transactions, acknowledged }));
process.exit(0);
