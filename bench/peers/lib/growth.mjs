import { measuredTurn, warmed } from "./fanout.mjs";
import { pending, prepared } from "./session.mjs";
import { ratioOf } from "./summary.mjs";

/** @import { Peer } from "./peers.mjs" */
/** @import { Session } from "./session.mjs" */
/** @import { Summary } from "./summary.mjs" */
/** @import { Kept, Sizes, Work } from "./works.mjs" */

/** @typedef {{ size: number, peer: Peer, connections: number, channels: number, pending: number }} Kind */

/**
 * Processor time of a delivery in microseconds as something grows. Each size has a server of its own, and a turn
 * takes all of them: what else the machine does meets all alike.
 * @param {readonly Kind[]} kinds
 * @param {Sizes} sizes
 * @returns {Promise<Kept>}
 */
async function growing(kinds, { turnSeconds, turnWarmSeconds: warmSeconds, pinned }) {
  /** @type {{ session: Session, name: string, channels: number }[]} */
  const sessions = [];
  const stop = async () => {
    for (const { session } of sessions) await session.stop();
  };
  try {
    for (const { size, peer, ...what } of kinds) {
      const warm = warmed({ ...what, batch: 1, warmSeconds });
      const session = await prepared(peer, { pinned }, warm);
      sessions.push({ session, name: nameOf(size), channels: what.channels });
    }
  } catch (cause) {
    await stop();
    throw cause;
  }
  const turn = async () => {
    /** @type {Record<string, number>} */
    const figures = {};
    for (const { session, name, channels } of sessions) {
      const report = await measuredTurn(session, turnSeconds, 1, channels);
      figures[name] = (report.serverCpuSeconds * 1e6) / report.received;
    }
    return figures;
  };
  return { turn, stop };
}

/** @param {number} size */
const nameOf = (size) => `cpuUsWith${size}`;

/** The dearest over the cheapest, turn by turn. @param {Summary} figures @returns {Summary} */
function growthOf(figures) {
  const byCost = Object.values(figures).toSorted((a, b) => a.median - b.median);
  const [cheapest, dearest] = [byCost[0], byCost.at(-1)];
  return cheapest === undefined || dearest === undefined
    ? {}
    : { growth: ratioOf(dearest, cheapest) };
}

/** The channel's subscribers grow. @type {Work} */
export const growingAudience = {
  name: "audience",
  fits: ({ name }) => name === "floor" || name.startsWith("holdfast"),
  keep: (peer, sizes) =>
    growing(
      sizes.audiences.map((size) => ({ size, peer, connections: size, channels: 1, pending })),
      sizes,
    ),
  more: growthOf,
};

/** The channels become many, each with 100 subscribers. @type {Work} */
export const growingChannels = {
  name: "channels",
  fits: ({ name }) => name.startsWith("holdfast"),
  keep: (peer, sizes) =>
    growing(
      sizes.channels.map((size) => {
        const settings = JSON.stringify({ maxSubscriptionsPerConnection: size });
        const roomy = { ...peer, env: { ...peer.env, BENCH_SETTINGS: settings } };
        return { size, peer: roomy, connections: 100, channels: size, pending: 10 };
      }),
      sizes,
    ),
  more: growthOf,
};
