// npm run bench:engines: measures the engines.
import {
  cpuUs,
  followers,
  fullSpeed,
  median,
  ownCpuUs,
  paced,
  publisher,
  quantile,
} from "./engines/measure.mjs";
import { subjects } from "./engines/subjects.mjs";
import { commandLine, refuseCommandLine } from "./steps/command_line.mjs";

/** @import { Round, Subject } from "./engines/subjects.mjs" */

const rounds = 5;
const window = 1_024;
const interestRate = 1_000;

const usage = `Usage: npm run bench:engines -- [flags] [engines]

  engines         ${Object.keys(subjects).join(" ")} [all]
  --seconds N     length of a measured window [3]
  --json          prints JSON instead of sentences
`;

const { values, positionals } = commandLine(usage, {
  options: { json: { type: "boolean", default: false }, seconds: { type: "string", default: "3" } },
  allowPositionals: true,
});
const ms = Number(values.seconds) * 1_000;
if (!(ms > 0)) refuseCommandLine("--seconds is a number above 0.");
const unknown = positionals.filter((name) => !Object.hasOwn(subjects, name));
if (unknown.length > 0) {
  refuseCommandLine(`${unknown.join(", ")}: none of ${Object.keys(subjects).join(", ")}`);
}

/**
 * What `work` publishes in a second, and what one publish costs this process and the engine's.
 * @param {number | undefined} pid
 * @param {() => ReturnType<Round>} work
 */
async function costing(pid, work) {
  const before = [ownCpuUs(), cpuUs(pid)];
  const { acknowledged, perSecond, cpuUs: within } = await work();
  const own = (within ?? ownCpuUs() - (before[0] ?? 0)) / acknowledged;
  return { perSecond, own, engine: (cpuUs(pid) - (before[1] ?? 0)) / acknowledged };
}

/** @param {readonly Awaited<ReturnType<typeof costing>>[]} rounds @param {boolean} isServer */
function medians(rounds, isServer) {
  return {
    publishesPerSecond: median(rounds.map(({ perSecond }) => perSecond)),
    gatewayCpuUs: median(rounds.map(({ own }) => own)),
    engineCpuUs: isServer ? median(rounds.map(({ engine }) => engine)) : null,
  };
}

/** The engine and its bare client in turn, so that both meet the same weather. @param {Subject} subject */
async function throughput({ broker, pid, raw, round }) {
  const link = await publisher(broker);
  await fullSpeed(link, ms / 3, window);
  /** @type {Awaited<ReturnType<typeof costing>>[]} */
  const ours = [];
  /** @type {Awaited<ReturnType<typeof costing>>[]} */
  const bare = [];
  const published = round ?? ((ms, window) => fullSpeed(link, ms, window));
  for (let turn = 0; turn < rounds; turn += 1) {
    ours.push(await costing(pid, () => published(ms, window)));
    if (raw !== undefined) bare.push(await costing(pid, () => raw(ms, window)));
  }
  await link.close();
  const speed = medians(ours, pid !== undefined);
  if (raw === undefined) return { ...speed, raw: null, shareOfRaw: null };
  const rawSpeed = medians(bare, pid !== undefined);
  // Each round with the one right after it: what is between two neighbours is not the weather.
  const shares = ours.map(({ perSecond }, turn) => perSecond / (bare[turn]?.perSecond ?? 0));
  return { ...speed, raw: rawSpeed, shareOfRaw: median(shares) };
}

/** @param {Subject} subject @param {number} perSecond */
async function latency({ broker }, perSecond) {
  const sentMs = new Map();
  /** @type {number[]} */
  const taken = [];
  const readers = await followers(broker, 1, (_channel, _epoch, { data }) => {
    const { n } = /** @type {{ n: number }} */ (data);
    const began = sentMs.get(n);
    if (began !== undefined) taken.push(performance.now() - began);
  });
  const link = await publisher(broker);
  await paced(link, 500, perSecond);
  taken.length = 0;
  await paced(link, ms * 2, perSecond, (n) => sentMs.set(n, performance.now()));
  for (const each of [link, ...readers]) await each.close();
  taken.sort((a, b) => a - b);
  const [p50, p99, p999] = [0.5, 0.99, 0.999].map((part) => quantile(taken, part));
  return { perSecond, p50Ms: p50, p99Ms: p99, p999Ms: p999, samples: taken.length };
}

/** @param {Subject} subject @param {number} count */
async function interest({ broker, pid }, count) {
  const readers = await followers(broker, count, () => {});
  const link = await publisher(broker);
  const { own, engine } = await costing(pid, async () => {
    const { sent } = await paced(link, ms, interestRate);
    return { acknowledged: sent, perSecond: interestRate };
  });
  const engineCpuUs = pid === undefined ? null : engine;
  const figures = { gateways: count, engineCpuUs, allGatewaysCpuUs: own };
  for (const each of [link, ...readers]) await each.close();
  return figures;
}

/** @param {string} name @param {() => Promise<Subject>} start */
async function measure(name, start) {
  const subject = await start();
  try {
    const speed = await throughput(subject);
    const delays = await latency(subject, Math.round(speed.publishesPerSecond / 2));
    const costs = [];
    for (const count of [1, 10, 100]) costs.push(await interest(subject, count));
    return { engine: name, ...speed, latencyAtHalf: delays, interest: costs };
  } finally {
    await subject.close();
  }
}

/** @type {Awaited<ReturnType<typeof measure>>[]} */
const results = [];
for (const [name, start] of Object.entries(subjects)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue;
  results.push(await measure(name, start));
}
if (values.json) console.log(JSON.stringify(results, null, 2));
else {
  for (const { engine, publishesPerSecond, latencyAtHalf, ...rest } of results) {
    const { p50Ms, p99Ms, p999Ms, perSecond } = latencyAtHalf;
    console.log(`${engine}: ${Math.round(publishesPerSecond)} publishes/s`);
    if (rest.shareOfRaw !== null) console.log(`  ${rest.shareOfRaw.toFixed(2)} of the bare client`);
    console.log(`  ${rest.gatewayCpuUs.toFixed(1)} µs of the gateway's processor a publish`);
    if (rest.engineCpuUs !== null)
      console.log(`  ${rest.engineCpuUs.toFixed(1)} µs of the engine's`);
    const delays = [p50Ms, p99Ms, p999Ms].map((each) => each?.toFixed(2)).join(" / ");
    console.log(`  ${delays} ms at ${perSecond}/s (p50 / p99 / p999)`);
    for (const { gateways, engineCpuUs, allGatewaysCpuUs } of rest.interest) {
      const server = engineCpuUs === null ? "" : `engine ${engineCpuUs.toFixed(0)} µs, `;
      console.log(`  ${gateways} interested: ${server}gateways ${allGatewaysCpuUs.toFixed(0)} µs`);
    }
  }
}
process.exit(0);
