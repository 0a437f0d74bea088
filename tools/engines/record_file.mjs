// Publishes so often to a file engine in a folder, then as often again, and writes down what it asks of LMDB:
// record_file.mjs FOLDER COUNT WINDOW
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { serialize } from "node:v8";
import { giveInstead } from "./hooking.mjs";
import { fullSpeed, platform, publisher } from "./measure.mjs";

const instead = new URL("recorded_lmdb.mjs", import.meta.url).href;
giveInstead("lmdb", "/file/lmdb-store.js", instead);
const [folder = "", count, window] = process.argv.slice(2);
const { openFileUrl } = await import("@holdfast/broker/file");
const { transactions } = await import("./recorded_lmdb.mjs");
const broker = await openFileUrl(`file:${join(folder, "store")}`, platform);
const link = await publisher(broker);
const publish = () => fullSpeed(link, Number.POSITIVE_INFINITY, Number(window), Number(count));

await publish();
// By now as much is trimmed as is appended: what a store does from then on.
const measuredFrom = transactions.length;
const { acknowledged } = await publish();
writeFileSync(join(folder, "recorded"), serialize({ transactions, measuredFrom, acknowledged }));
process.exit(0);
