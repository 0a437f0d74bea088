import { commit, machine, stolenSeconds } from "./machine.mjs";
import { summaryOf } from "./summary.mjs";

/** @import { Peer } from "./peers.mjs" */
/** @import { Figures, Sizes, Work } from "./works.mjs" */
/** @import { Summary } from "./summary.mjs" */

/**
 * When and how figures were measured.
 * @typedef {object} Run
 * @property {string} at
 * @property {string} commit of Holdfast; with a `+` when files were changed
 * @property {readonly string[]} works
 * @property {Sizes & { rounds: number }} sizes
 * @property {number} stolenSeconds of the machine's processors, taken by others meanwhile
 */

/**
 * Everything one run found.
 * @typedef {object} Result
 * @property {ReturnType<typeof machine>} machine
 * @property {readonly Run[]} runs one, or several whose works were added up
 * @property {Record<string, Record<string, Summary>>} works by work and peer
 * @property {readonly string[]} failures peers that lost something or ended; none of that work's
 *   figures of the peer count
 * @property {readonly string[]} warnings
 */

/** Above this share of its core the load generator may be what limits. */
const clientLimit = 0.9;

/**
 * Runs each work in turns: A B C, A B C, …
 * @param {{ peers: readonly Peer[], works: readonly Work[], sizes: Sizes, rounds: number, say: (text: string) => void }} options
 * @returns {Promise<Result>}
 */
export async function runWorks({ peers, works, sizes, rounds, say }) {
  const stolenBefore = stolenSeconds();
  /** @type {Record<string, Record<string, Summary>>} */
  const done = {};
  /** @type {string[]} */
  const failures = [];
  /** @type {string[]} */
  const warnings = [];
  let paced = sizes.paced;
  for (const work of works) {
    const fitting = peers.filter(work.fits);
    const turns = await inTurns({ work, peers: fitting, sizes: { ...sizes, paced }, rounds, say });
    failures.push(...turns.failures);
    warnings.push(...warningsOf(work, turns.figures));
    done[work.name] = Object.fromEntries(
      [...turns.figures].map(([name, figures]) => [name, summaryOf(figures)]),
    );
    if (work.name === "fanout" && paced === 0) paced = halfLoad(done[work.name], sizes);
  }
  const run = {
    at: new Date().toISOString(),
    commit: commit(),
    works: works.map(({ name }) => name),
    sizes: { ...sizes, paced, rounds },
    stolenSeconds: Math.round(stolenSeconds() - stolenBefore),
  };
  return { machine: machine(), runs: [run], works: done, failures, warnings };
}

/**
 * The works of an earlier result and those of a later one; what both have is the later one's. For
 * machines that cannot be kept quiet for half an hour.
 * @param {Result} earlier
 * @param {Result} later
 * @returns {Result}
 */
export function addUp(earlier, later) {
  const isOthers = (/** @type {string} */ text) =>
    !Object.keys(later.works).some((name) => text.startsWith(`${name}: `));
  return {
    ...later,
    runs: [...earlier.runs, ...later.runs],
    works: { ...earlier.works, ...later.works },
    failures: [...earlier.failures.filter(isOthers), ...later.failures],
    warnings: [...earlier.warnings.filter(isOthers), ...later.warnings],
  };
}

/**
 * @param {{ work: Work, peers: readonly Peer[], sizes: Sizes, rounds: number, say: (text: string) => void }} options
 */
async function inTurns({ work, peers, sizes, rounds, say }) {
  /** @type {Map<string, Figures[]>} */
  const figures = new Map();
  /** @type {string[]} */
  const failures = [];
  const failed = new Set();
  for (let round = 1; round <= rounds; round += 1) {
    for (const peer of peers) {
      if (failed.has(peer.name)) continue;
      try {
        const turn = await work.turn(peer, sizes);
        figures.set(peer.name, [...(figures.get(peer.name) ?? []), turn]);
        say(`${work.name} ${round}/${rounds} ${peer.label}: ${lineOf(turn)}`);
      } catch (cause) {
        const why = cause instanceof Error ? cause.message : String(cause);
        failed.add(peer.name);
        figures.delete(peer.name);
        failures.push(`${work.name}: ${why}`);
        say(`${work.name} ${round}/${rounds} failed: ${why}`);
      }
    }
  }
  return { figures, failures };
}

/** @param {Figures} figures */
function lineOf(figures) {
  return Object.entries(figures)
    .map(([name, value]) => `${name} ${Number(value.toPrecision(4))}`)
    .join(", ");
}

/** @param {Work} work @param {ReadonlyMap<string, readonly Figures[]>} figures */
function warningsOf(work, figures) {
  return [...figures].flatMap(([name, turns]) => {
    const limited = turns.filter(
      ({ clientBusy = 0, serverBusy = 1 }) => clientBusy > clientLimit && serverBusy < clientLimit,
    );
    if (limited.length === 0) return [];
    return [
      `${work.name}: in ${limited.length} of ${turns.length} turns of ${name} the load generator was busy and the server was not; it may be faster than shown.`,
    ];
  });
}

/**
 * Publications a second that keep bare `ws` half busy.
 * @param {Record<string, Summary> | undefined} fanouts
 * @param {Sizes} sizes
 */
function halfLoad(fanouts, { subscribers }) {
  const perCpuSecond =
    fanouts?.ws?.perCpuSecond?.median ?? fanouts?.holdfast?.perCpuSecond?.median ?? 0;
  return Math.max(1, Math.round(perCpuSecond / subscribers / 2));
}
