// Publishes to a NATS engine below a prefix of its own for so long and writes down what it asks the server:
// record_nats.mjs FILE PORT PREFIX MS WINDOW
import { writeFileSync } from "node:fs";
import { serialize } from "node:v8";
import { giveInstead } from "./hooking.mjs";
import { fullSpeed, platform, publisher } from "./measure.mjs";

const instead = new URL("recorded_nats.mjs", import.meta.url).href;
giveInstead("@nats-io/transport-node", "/servers/connection.js", instead);
const [file = "", port, prefix, ms, window] = process.argv.slice(2);
const { createNatsBroker } = await import("@holdfast/nats");
const { asked } = await import("./recorded_nats.mjs");
const url = `nats://127.0.0.1:${port}?prefix=${prefix}`;
const broker = await createNatsBroker({ ...platform, url });
const link = await publisher(broker);
// A process that has run for a while, on channels that remember as much as those it is compared with.
await fullSpeed(link, Number(ms) * 2, Number(window));
asked.length = 0;
const { acknowledged } = await fullSpeed(link, Number(ms), Number(window));
writeFileSync(file, serialize({ asked, acknowledged }));
process.exit(0);
