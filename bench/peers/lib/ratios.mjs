import { ratioOf } from "./summary.mjs";

/** @import { Summary } from "./summary.mjs" */

/**
 * A goal: how a figure of Holdfast stands to the same figure of a peer.
 * @typedef {object} Goal
 * @property {string} text
 * @property {string} work
 * @property {string} figure
 * @property {string} of whose figure is divided
 * @property {string} by by whose figure; "": the figure itself is judged
 * @property {number} [atLeast]
 * @property {number} [atMost]
 */

/** @type {readonly Goal[]} */
const goals = [
  goal("fan-out, of the C floor", "fanout", "perCpuSecond", "holdfast", "floor", { atLeast: 0.9 }),
  goal(
    "fan-out, of the C floor with frames as long",
    "fanout",
    "perCpuSecond",
    "holdfast",
    "floor-long",
    {},
  ),
  goal(
    "fan-out without the helper, of the C floor",
    "fanout",
    "perCpuSecond",
    "holdfast-js",
    "floor",
    { atLeast: 0.7 },
  ),
  goal("fan-out, of uWebSockets.js", "fanout", "perCpuSecond", "holdfast", "uws", { atLeast: 1 }),
  goal("fan-out, of Socket.IO", "fanout", "perCpuSecond", "holdfast", "socket.io", {
    atLeast: 2.3,
  }),
  goal("ten at a time, of the C floor", "fanout10", "perCpuSecond", "holdfast", "floor", {
    atLeast: 0.8,
  }),
  goal(
    "ten at a time, of the C floor with frames as long",
    "fanout10",
    "perCpuSecond",
    "holdfast",
    "floor-long",
    {},
  ),
  goal("ten at a time, of Socket.IO", "fanout10", "perCpuSecond", "holdfast", "socket.io", {
    atLeast: 12,
  }),
  goal("p99 to 1,000 subscribers at half load, of bare ws", "latency", "p99Us", "holdfast", "ws", {
    atMost: 1,
  }),
  goal("call round trip, of a bare ws echo", "echo", "perCpuSecond", "holdfast", "ws", {
    atLeast: 0.75,
  }),
  goal("call round trip, of Socket.IO", "echo", "perCpuSecond", "holdfast", "socket.io", {
    atLeast: 1.1,
  }),
  goal("memory of an idle connection, of bare ws", "idle", "bytesPerConnection", "holdfast", "ws", {
    atMost: 1.3,
  }),
  goal(
    "memory of an idle connection, of Socket.IO",
    "idle",
    "bytesPerConnection",
    "holdfast",
    "socket.io",
    { atMost: 1 },
  ),
  goal("event-loop delay p99 while all resume, ms", "storm", "loopDelayP99Ms", "holdfast", "", {
    atMost: 200,
  }),
  goal(
    "the same without the time its core was somebody else's",
    "storm",
    "ownLoopDelayP99Ms",
    "holdfast",
    "",
    { atMost: 200 },
  ),
  goal("peak memory while all resume, of before", "storm", "peakMemoryRatio", "holdfast", "", {
    atMost: 2,
  }),
  goal(
    "processor time per delivery from 100 to 18,000 subscribers",
    "audience",
    "growth",
    "holdfast",
    "",
    { atMost: 1.15 },
  ),
  goal("the same, of what the C floor's grows by", "audience", "growth", "holdfast", "floor", {
    atMost: 1.15,
  }),
  goal(
    "processor time per delivery from 1 to 10,000 channels",
    "channels",
    "growth",
    "holdfast",
    "",
    { atMost: 1.15 },
  ),
];

/**
 * @param {string} text
 * @param {string} work
 * @param {string} figure
 * @param {string} of
 * @param {string} by
 * @param {Pick<Goal, "atLeast" | "atMost">} bound
 * @returns {Goal}
 */
function goal(text, work, figure, of, by, bound) {
  return { text, work, figure, of, by, ...bound };
}

/**
 * @typedef {object} Ratio
 * @property {string} text
 * @property {number} value the median within a turn where all peers take part in each, otherwise that of the medians
 * @property {number} min
 * @property {number} max
 * @property {number} [atLeast]
 * @property {number} [atMost]
 * @property {boolean} reached
 */

/**
 * The goals whose figures are there. A peer that lost a delivery has none, so nothing is claimed of it.
 * @param {Record<string, Record<string, Summary>>} works
 * @returns {readonly Ratio[]}
 */
export function ratiosOf(works) {
  return goals.flatMap(({ text, work, figure, of, by, ...bound }) => {
    const own = works[work]?.[of]?.[figure];
    const other = by === "" ? own : works[work]?.[by]?.[figure];
    if (own === undefined || other === undefined) return [];
    const { median, min, max } = by === "" ? own : ratioOf(own, other);
    const value = rounded(median);
    const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = bound;
    const reached = value >= atLeast && value <= atMost;
    return [{ text, value, min: rounded(min), max: rounded(max), ...bound, reached }];
  });
}

const rounded = (/** @type {number} */ value) => Number(value.toPrecision(4));
