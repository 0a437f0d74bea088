import { setTimeout as sleep } from "node:timers/promises";
import { fanout } from "./fanout.mjs";
import { growingAudience, growingChannels } from "./growth.mjs";
import { forgetPeak, memoryOf } from "./machine.mjs";
import { busy, during, pending } from "./session.mjs";

/** @import { Peer } from "./peers.mjs" */
/** @import { Summary } from "./summary.mjs" */

/**
 * Sizes of a run.
 * @typedef {object} Sizes
 * @property {number} seconds of one measured window
 * @property {number} warmSeconds before it, so that a just-in-time compiler has done its work
 * @property {number} turns of each peer where all servers stay up
 * @property {number} turnSeconds of one of them
 * @property {number} turnWarmSeconds before the first
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
 * A server that stays up and is measured again and again.
 * @typedef {object} Kept
 * @property {() => Promise<Figures>} turn
 * @property {() => Promise<void>} stop
 */

/**
 * Measured in long turns with a server each, or in many short ones for which all servers stay up, so that a
 * machine that is faster at one moment than at another is so for all of them.
 * @typedef {object} Work
 * @property {string} name
 * @property {(peer: Peer) => boolean} fits whether a peer has the feature
 * @property {(peer: Peer, sizes: Sizes) => Promise<Figures>} [turn]
 * @property {(peer: Peer, sizes: Sizes) => Promise<Kept>} [keep] instead of `turn`
 * @property {(figures: Summary) => Summary} [more] what follows from the figures of all turns
 */

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
