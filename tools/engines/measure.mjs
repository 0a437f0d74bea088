import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { silentLogger } from "@holdfast/core";
import { createNodeRandom, nodeClock } from "../../packages/gateway/dist/node/platform.js";

/** @import { Broker, BrokerLink, BrokerListener, PublishRequest } from "@holdfast/broker" */

/** What a gateway gives the engine. */
export const platform = { clock: nodeClock, random: createNodeRandom(), logger: silentLogger };

const history = { maxCount: 100, maxBytes: 1_000_000, maxAgeMs: 3_600_000 };
/** As a decoder makes it: one piece of memory, where `repeat` puts pieces together. */
const text = Buffer.alloc(200, "x").toString("latin1");
const channelCount = 64;
const ticksPerSecond = 100;

/** @param {number} n */
export const channelOf = (n) => `bench:${n % channelCount}`;

/**
 * A publish of a quarter of a kilobyte, in the order of a session and under a key, as the SDK sends.
 * @param {number} n
 * @param {Map<string, number>} seqs the newest seq of each channel
 * @param {string} session
 * @returns {PublishRequest}
 */
export function publishRequest(n, seqs, session) {
  const channel = channelOf(n);
  const seq = (seqs.get(channel) ?? 0) + 1;
  seqs.set(channel, seq);
  const order = { id: session, seq };
  return {
    channel,
    data: { n, text },
    user: "bench",
    timeMs: 1_000,
    history,
    key: { scope: "bench", value: `${session}.${n}` },
    session: order,
  };
}

/** @type {BrokerListener} */
const deaf = {
  onEntry() {},
  onEphemeral() {},
  onPresence() {},
  onRelayGap() {},
  onAvailability() {},
  onCommand() {},
};

/**
 * Links that follow every channel.
 * @param {Broker} broker
 * @param {number} count
 * @param {BrokerListener["onEntry"]} onEntry
 */
export async function followers(broker, count, onEntry) {
  const links = [];
  for (let index = 0; index < count; index += 1) {
    const link = await broker.connect(`reader-${index}`, { ...deaf, onEntry });
    for (let n = 0; n < channelCount; n += 1) {
      await link.follow(channelOf(n), { presence: false });
    }
    links.push(link);
  }
  return links;
}

/** @param {Broker} broker */
export async function publisher(broker) {
  return await broker.connect("writer", deaf);
}

/** Processor time of a process so far, in microseconds. @param {number | undefined} pid */
export function cpuUs(pid) {
  if (pid === undefined) return 0;
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  const ticks = Number(fields[11]) + Number(fields[12]);
  return (ticks / ticksPerSecond) * 1_000_000;
}

/** Processor time of this process so far, in microseconds. */
export function ownCpuUs() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/**
 * Publishes as fast as answers come, with so many under way, until the time is over or so many are sent.
 * @param {BrokerLink} link
 * @param {number} ms
 * @param {number} window
 * @param {number} [maxCount]
 */
export async function fullSpeed(link, ms, window, maxCount = Number.POSITIVE_INFINITY) {
  const session = platform.random.id(12);
  const seqs = new Map();
  let [sent, acknowledged] = [0, 0];
  const beganMs = performance.now();
  const endMs = beganMs + ms;
  const lane = async () => {
    while (sent < maxCount && performance.now() < endMs) {
      const outcome = await link.publish(publishRequest(sent++, seqs, session));
      if (!outcome.ok) throw new Error(`${outcome.code}: ${outcome.message}`);
      acknowledged += 1;
    }
  };
  await Promise.all(Array.from({ length: window }, lane));
  return { acknowledged, perSecond: acknowledged / ((performance.now() - beganMs) / 1_000) };
}

/**
 * Publishes at a rate, whatever comes back.
 * @param {BrokerLink} link
 * @param {number} ms
 * @param {number} perSecond
 * @param {(n: number) => void} [sending] is told of each publish as it is due
 */
export async function paced(link, ms, perSecond, sending = () => {}) {
  const session = platform.random.id(12);
  const seqs = new Map();
  const answers = [];
  const beganMs = performance.now();
  let sent = 0;
  for (;;) {
    const nowMs = performance.now() - beganMs;
    if (nowMs >= ms) break;
    for (; sent < (nowMs / 1_000) * perSecond; sent += 1) {
      sending(sent);
      answers.push(link.publish(publishRequest(sent, seqs, session)));
    }
    // Not in a busy loop: its processor time would be counted as the gateways'.
    await delay(1);
  }
  const outcomes = await Promise.all(answers);
  return { sent, refused: outcomes.filter((outcome) => !outcome.ok).length };
}

/** @param {readonly number[]} sorted @param {number} part */
export function quantile(sorted, part) {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

/** @param {readonly number[]} numbers */
export function median(numbers) {
  return quantile(
    [...numbers].sort((a, b) => a - b),
    0.5,
  );
}
