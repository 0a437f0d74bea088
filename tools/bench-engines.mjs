// Measures the engines: npm run bench:engines -- [--json] [--seconds 3] [memory redis redis-aof]
import { parseArgs } from "node:util";
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
import { rawRedis } from "./engines/raw_redis.mjs";
import { subjects } from "./engines/subjects.mjs";

/** @import { Subject } from "./engines/subjects.mjs" */

const rounds = 3;
const window = 1_024;
const interestRate = 1_000;

const { values, positionals } = parseArgs({
  options: { json: { type: "boolean", default: false }, seconds: { type: "string", default: "3" } },
  allowPositionals: true,
});
const ms = Number(values.seconds) * 1_000;

/** @param {Subject} subject */
async function throughput({ broker, pid, port }) {
  const link = await publisher(broker);
  await fullSpeed(link, ms / 3, window);
  const [rates, raw, own, engine] = [[], [], [], []].map(() => /** @type {number[]} */ ([]));
  for (let round = 0; round < rounds; round += 1) {
    const before = [ownCpuUs(), cpuUs(pid)];
    const { acknowledged, perSecond } = await fullSpeed(link, ms, window);
    rates?.push(perSecond);
    own?.push((ownCpuUs() - (before[0] ?? 0)) / acknowledged);
    engine?.push((cpuUs(pid) - (before[1] ?? 0)) / acknowledged);
    if (port !== undefined) raw?.push((await rawRedis(port, ms)).perSecond);
  }
  await link.close();
  return {
    publishesPerSecond: median(rates ?? []),
    gatewayCpuUs: median(own ?? []),
    engineCpuUs: pid === undefined ? null : median(engine ?? []),
    shareOfRaw: port === undefined ? null : median(rates ?? []) / median(raw ?? []),
  };
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
  const before = [ownCpuUs(), cpuUs(pid)];
  const { sent } = await paced(link, ms, interestRate);
  const figures = {
    gateways: count,
    engineCpuUs: pid === undefined ? null : (cpuUs(pid) - (before[1] ?? 0)) / sent,
    allGatewaysCpuUs: (ownCpuUs() - (before[0] ?? 0)) / sent,
  };
  for (const each of [link, ...readers]) await each.close();
  return figures;
}

/** @param {string} name */
async function measure(name) {
  const start = Object.hasOwn(subjects, name) ? subjects[name] : undefined;
  if (start === undefined) {
    throw new Error(`${name} is none of ${Object.keys(subjects).join(", ")}`);
  }
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
for (const name of positionals.length > 0 ? positionals : Object.keys(subjects)) {
  results.push(await measure(name));
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
