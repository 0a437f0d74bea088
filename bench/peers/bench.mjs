// npm run bench:peers: Holdfast and its peers, the same work, side by side, in turns.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { commandLine, refuseCommandLine } from "../../tools/steps/command_line.mjs";
import { allPeers, besidePeer } from "./lib/peers.mjs";
import { ratiosOf } from "./lib/ratios.mjs";
import { addUp, runWorks } from "./lib/run.mjs";
import { tableOf } from "./lib/table.mjs";
import { provide } from "./lib/tools.mjs";
import { works } from "./lib/works.mjs";

const usage = `Usage: npm run bench:peers -- [flags]

  --json                prints one JSON object instead of the table
  --out FILE            writes the JSON there as well
  --add                 to the works that FILE holds already
  --peers a,b           ${allPeers()
    .map(({ name }) => name)
    .join(",")} [all]
  --beside DIR          also the build of another checkout of Holdfast
  --works a,b           ${works.map(({ name }) => name).join(",")} [all]
  --rounds N            turns of each peer, where each has a server of its own [3]
  --seconds N           length of such a turn [2]
  --warm N              seconds of the same work before it [1]
  --turns N             short turns of each peer, where all servers stay up (fanout,
                        fanout10, audience, channels) [30]
  --turn-seconds N      length of a short turn [0.3]
  --turn-warm N         seconds of the same work before the first [6]
  --subscribers N       of the fan-out [1000]
  --callers N           of the echo [100]
  --idle N              idle connections [18000]
  --stormed N           connections that are cut at once [10000]
  --no-pin              leaves server and load where the system puts them
  --audiences a,b       subscribers of one growing channel [100,1000,10000,18000]
  --channels a,b        channels that become many [1,100,10000]
  --pace N              publications a second for the latency; 0: half of what ws can [0]
`;

const { values } = commandLine(usage, {
  allowNegative: true,
  options: {
    json: { type: "boolean", default: false },
    out: { type: "string" },
    add: { type: "boolean", default: false },
    peers: { type: "string", default: "" },
    beside: { type: "string", multiple: true, default: [] },
    works: { type: "string", default: "" },
    rounds: { type: "string", default: "3" },
    seconds: { type: "string", default: "2" },
    warm: { type: "string", default: "1" },
    turns: { type: "string", default: "30" },
    "turn-seconds": { type: "string", default: "0.3" },
    "turn-warm": { type: "string", default: "6" },
    subscribers: { type: "string", default: "1000" },
    callers: { type: "string", default: "100" },
    idle: { type: "string", default: "18000" },
    stormed: { type: "string", default: "10000" },
    pin: { type: "boolean", default: true },
    audiences: { type: "string", default: "100,1000,10000,18000" },
    channels: { type: "string", default: "1,100,10000" },
    pace: { type: "string", default: "0" },
  },
});

const say = (/** @type {string} */ text) => process.stderr.write(`› ${text}\n`);

/**
 * The named ones of a list; all of them for an empty text.
 * @template {{ name: string }} T
 * @param {readonly T[]} all
 * @param {string} text
 */
function chosen(all, text) {
  if (text === "") return all;
  const names = text.split(",");
  const unknown = names.filter((name) => !all.some((each) => each.name === name));
  if (unknown.length > 0) refuseCommandLine(`There is no ${unknown.join(", ")}.`);
  return all.filter(({ name }) => names.includes(name));
}

/** @returns {import("./lib/works.mjs").Sizes} */
function sizes() {
  return {
    seconds: Number(values.seconds),
    warmSeconds: Number(values.warm),
    turns: Number(values.turns),
    turnSeconds: Number(values["turn-seconds"]),
    turnWarmSeconds: Number(values["turn-warm"]),
    subscribers: Number(values.subscribers),
    callers: Number(values.callers),
    idle: Number(values.idle),
    stormed: Number(values.stormed),
    audiences: values.audiences.split(",").map(Number),
    channels: values.channels.split(",").map(Number),
    pinned: values.pin && process.platform === "linux" && cpus().length > 1,
    paced: Number(values.pace),
  };
}

/**
 * The pace of `latency` is half of what `ws` can in the fan-out of the same run, unless it is named.
 * @param {readonly { name: string }[]} peers
 * @param {readonly { name: string }[]} works
 */
function refusePaceless(peers, works) {
  const has = (/** @type {readonly { name: string }[]} */ all, /** @type {string} */ name) =>
    all.some((each) => each.name === name);
  if (!has(works, "latency") || Number(values.pace) > 0) return;
  if (has(works, "fanout") && has(peers, "ws")) return;
  refuseCommandLine(
    "latency needs a --pace where ws is not measured in the work fanout beside it.",
  );
}

async function main() {
  const asked = chosen(allPeers(), values.peers);
  const asWanted = chosen(works, values.works);
  refusePaceless(asked, asWanted);
  const missing = provide(new Set(asked.map(({ name }) => name)), say);
  for (const [name, why] of missing) say(`${name} is left out: ${why}.`);
  const peers = [
    ...asked.filter(({ name }) => !missing.has(name)),
    ...values.beside.map(besidePeer),
  ];
  const rounds = Number(values.rounds);
  const measured = await runWorks({ peers, works: asWanted, rounds, say, sizes: sizes() });
  const isMore = values.add && values.out !== undefined && existsSync(values.out);
  const result = isMore ? addUp(JSON.parse(readFileSync(values.out, "utf8")), measured) : measured;
  const ratios = ratiosOf(result.works);
  const whole = { ...result, missing: Object.fromEntries(missing), ratios };
  if (values.out !== undefined) writeFileSync(values.out, `${JSON.stringify(whole, null, 2)}\n`);
  process.stdout.write(`${values.json ? JSON.stringify(whole) : tableOf(result, peers, ratios)}\n`);
  return result.failures.length === 0 ? 0 : 1;
}

process.exitCode = await main();
