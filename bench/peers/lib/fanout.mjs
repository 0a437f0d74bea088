import { busy, pending, prepared } from "./session.mjs";

/** @import { Session } from "./session.mjs" */
/** @import { Work } from "./works.mjs" */

/**
 * A just-in-time compiler looks at how often something ran, so that many publications at a time bring it there
 * sooner; then the work as it is measured.
 */
const warmingBatch = 10;

/**
 * Lets a session's subscribers come and the work run until a just-in-time compiler has done its own.
 * @param {{ connections: number, channels: number, pending: number, batch: number, warmSeconds: number }} what
 */
export const warmed = (what) => async (/** @type {Session} */ session) => {
  await session.load("subscribe", what.connections, what.channels, what.pending);
  await session.load("publisher");
  const each = what.warmSeconds / 2;
  await session.load("fan", each, Math.max(warmingBatch, what.batch), what.channels);
  await session.load("fan", each, what.batch, what.channels);
};

/**
 * The work for a short turn. A fifth of it goes before and does not count: until then a server fetches into the
 * caches what the others have put out of them.
 * @param {Session} session
 * @param {number} seconds
 * @param {number} batch
 * @param {number} channels
 */
export async function measuredTurn(session, seconds, batch, channels) {
  await session.load("fan", seconds / 5, batch, channels);
  return session.measure("fan", seconds, batch, channels);
}

/**
 * One publication (or ten) at a time to all subscribers, the next when all have it.
 * @param {string} name
 * @param {number} batch
 * @returns {Work}
 */
export const fanout = (name, batch) => ({
  name,
  fits: () => true,
  keep: async (peer, { turnSeconds, turnWarmSeconds: warmSeconds, subscribers, pinned }) => {
    const warm = warmed({ connections: subscribers, channels: 1, pending, batch, warmSeconds });
    const session = await prepared(peer, { pinned }, warm);
    return {
      turn: async () => {
        const report = await measuredTurn(session, turnSeconds, batch, 1);
        return {
          perCpuSecond: report.received / report.serverCpuSeconds,
          perSecond: report.received / report.seconds,
          p99Us: report.p99Us,
          ...busy(report),
        };
      },
      stop: () => session.stop(),
    };
  },
});
