import { setTimeout as sleep } from "node:timers/promises";
import { forgetPeak, memoryOf } from "./machine.mjs";
import { Session } from "./session.mjs";
import { spreadOf } from "./summary.mjs";

/** @import { Peer } from "./peers.mjs" */

/**
 * Sizes of a run.
 * @typedef {object} Sizes
 * @property {number} seconds of one measured window
 * @property {number} warmSeconds before it, so that a just-in-time compiler has done its work
 * @property {number} subscribers of the fan-out
 * @property {number} callers of the echo
 * @property {number} idle connections
 * @property {number} stormed connections that are cut at once
 * @property {readonly number[]} audiences subscribers of one channel, growing
 * @property {readonly number[]} channels channels of 100 connections, growing
 * @property {boolean} pinned server and load have a core of their own
 * @property {number} paced publications per second; 0: half of what bare `ws` can
 */

/**
 * What one turn of one peer measured: numbers by name. `clientBusy` and `serverBusy` are shares of
 * their cores.
 * @typedef {Readonly<Record<string, number>>} Figures
 */

/**
 * @typedef {object} Work
 * @property {string} name
 * @property {(peer: Peer) => boolean} fits whether a peer has the feature
 * @property {(peer: Peer, sizes: Sizes) => Promise<Figures>} turn
 */

/** Handshakes on their way at a time while connections are opened at leisure. */
const pending = 200;

/**
 * Runs `work` in a session that ends with it.
 * @template T
 * @param {Peer} peer
 * @param {Parameters<typeof Session.start>[1]} options
 * @param {(session: Session) => Promise<T>} work
 */
async function during(peer, options, work) {
  const session = await Session.start(peer, options);
  try {
    return await work(session);
  } finally {
    await session.stop();
  }
}

/** @param {{ seconds: number, ownCpuSeconds: number, serverCpuSeconds: number }} report */
const busy = ({ seconds, ownCpuSeconds, serverCpuSeconds }) => ({
  clientBusy: ownCpuSeconds / seconds,
  serverBusy: serverCpuSeconds / seconds,
});

/**
 * One publication (or ten) at a time to all subscribers, the next when all have it.
 * @param {string} name
 * @param {number} batch
 * @returns {Work}
 */
const fanout = (name, batch) => ({
  name,
  fits: () => true,
  turn: (peer, { seconds, warmSeconds, subscribers, pinned }) =>
    during(peer, { pinned }, async (session) => {
      await session.load("subscribe", subscribers, 1, pending);
      await session.load("publisher");
      await session.load("fan", warmSeconds, batch, 1);
      const report = await session.measure("fan", seconds, batch, 1);
      return {
        perCpuSecond: report.received / report.serverCpuSeconds,
        perSecond: report.received / report.seconds,
        p99Us: report.p99Us,
        ...busy(report),
      };
    }),
});

/** Publications on time, whatever has arrived: how late the deliveries are. @type {Work} */
const latency = {
  name: "latency",
  fits: ({ name }) => name !== "floor-long",
  turn: (peer, { seconds, warmSeconds, subscribers, paced, pinned }) =>
    during(peer, { pinned }, async (session) => {
      await session.load("subscribe", subscribers, 1, pending);
      await session.load("publisher");
      await session.load("fan", warmSeconds, 1, 1);
      const report = await session.measure("pace", seconds * 2, paced);
      return { p50Us: report.p50Us, p99Us: report.p99Us, p999Us: report.p999Us, ...busy(report) };
    }),
};

/** Each connection has one request on its way. @type {Work} */
const echo = {
  name: "echo",
  fits: ({ calls, name }) => calls !== false && name !== "floor-long",
  turn: (peer, { seconds, warmSeconds, callers, pinned }) =>
    during(peer, { pinned }, async (session) => {
      await session.load("call", warmSeconds, callers);
      const report = await session.measure("call", seconds, callers);
      return {
        perCpuSecond: report.answered / report.serverCpuSeconds,
        perSecond: report.answered / report.seconds,
        p99Us: report.p99Us,
        ...busy(report),
      };
    }),
};

/** Connections that have one subscription and nothing to do. @type {Work} */
const idle = {
  name: "idle",
  fits: ({ name }) => !name.startsWith("floor"),
  turn: (peer, { idle: connections, pinned }) =>
    during(peer, { pinned }, async (session) => {
      const before = memoryOf(session.pid).residentBytes;
      const report = await session.measure("subscribe", connections, 1, pending);
      // Until what the handshakes needed has had time to be collected.
      await sleep(3_000);
      const after = memoryOf(session.pid).residentBytes;
      return {
        bytesPerConnection: (after - before) / connections,
        handshakesPerCpuSecond: connections / report.serverCpuSeconds,
      };
    }),
};

/** Everybody is cut, ten publications follow, everybody comes back at once. @type {Work} */
const storm = {
  name: "storm",
  fits: ({ resumes }) => resumes === true,
  turn: (peer, { stormed, pinned }) =>
    during(peer, { storm: true, pinned }, async (session) => {
      await session.load("publisher");
      await session.load("publish", 1);
      await session.load("subscribe", stormed, 1, pending);
      await session.load("fan", 0, 1, 1);
      await sleep(1_000);
      const before = memoryOf(session.pid).residentBytes;
      forgetPeak(session.pid);
      await session.delay();
      await session.load("cut");
      await sleep(500);
      await session.load("publish", 10);
      const report = await session.measure("resume", stormed);
      const delay = await session.delay();
      return {
        seconds: report.seconds,
        askedToWait: report.refused,
        serverCpuSeconds: report.serverCpuSeconds,
        peakMemoryRatio: memoryOf(session.pid).peakBytes / before,
        ...(delay === undefined
          ? {}
          : {
              loopDelayP99Ms: delay.p99Ms,
              loopDelayMaxMs: delay.maxMs,
              ownLoopDelayP99Ms: delay.ownP99Ms,
              ownLoopDelayMaxMs: delay.ownMaxMs,
            }),
      };
    }),
};

/** Turns of each size while something grows. */
const growthTurns = 5;

/**
 * Processor time of a delivery in microseconds as something grows. Each size has a server of its own, and they
 * are measured in turns: what else the machine does meets all of them alike.
 * @param {readonly { size: number, peer: Peer, connections: number, channels: number, pending: number }[]} kinds
 * @param {Sizes} sizes
 * @returns {Promise<Figures>}
 */
async function growing(kinds, { seconds, warmSeconds, pinned }) {
  /** @type {{ session: Session, name: string, channels: number, costs: number[] }[]} */
  const measured = [];
  try {
    for (const { size, peer, connections, channels, pending } of kinds) {
      const session = await Session.start(peer, { pinned });
      measured.push({ session, name: `cpuUsWith${size}`, channels, costs: [] });
      await session.load("subscribe", connections, channels, pending);
      await session.load("publisher");
      await session.load("fan", warmSeconds, 1, channels);
    }
    for (let turn = 0; turn < growthTurns; turn += 1) {
      for (const { session, channels, costs } of measured) {
        const report = await session.measure("fan", seconds / growthTurns, 1, channels);
        costs.push((report.serverCpuSeconds * 1e6) / report.received);
      }
    }
  } finally {
    for (const { session } of measured) await session.stop();
  }
  const figures = Object.fromEntries(
    measured.map(({ name, costs }) => [name, spreadOf(costs).median]),
  );
  return { ...figures, growth: growthOf(figures) };
}

/** The channel's subscribers grow. @type {Work} */
const growingAudience = {
  name: "audience",
  fits: ({ name }) => name === "floor" || name.startsWith("holdfast"),
  turn: (peer, sizes) =>
    growing(
      sizes.audiences.map((size) => ({ size, peer, connections: size, channels: 1, pending })),
      sizes,
    ),
};

/** The channels become many, each with 100 subscribers. @type {Work} */
const growingChannels = {
  name: "channels",
  fits: ({ name }) => name.startsWith("holdfast"),
  turn: (peer, sizes) =>
    growing(
      sizes.channels.map((size) => {
        const settings = JSON.stringify({ maxSubscriptionsPerConnection: size });
        const roomy = { ...peer, env: { ...peer.env, BENCH_SETTINGS: settings } };
        return { size, peer: roomy, connections: 100, channels: size, pending: 10 };
      }),
      sizes,
    ),
};

/** The dearest over the cheapest. @param {Figures} figures */
const growthOf = (figures) =>
  Math.max(...Object.values(figures)) / Math.min(...Object.values(figures));

/** Every work by its name. @type {readonly Work[]} */
export const works = [
  fanout("fanout", 1),
  fanout("fanout10", 10),
  echo,
  latency,
  idle,
  storm,
  growingAudience,
  growingChannels,
];
