import { commit, machine, stolenSeconds } from "./machine.mjs";
import { summaryOf, summaryOfTurns } from "./summary.mjs";

/** @import { Peer } from "./peers.mjs" */
/** @import { Figures, Kept, Sizes, Work } from "./works.mjs" */
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
 * Runs each work in turns: A B C, A B C, …, with `rounds` long ones or as many short ones as `sizes` says.
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
      [...turns.figures].map(([name, figures]) => [name, summed(work, figures)]),
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

/** @param {Work} work @param {readonly Figures[]} turns */
function summed(work, turns) {
  if (work.keep === undefined) return summaryOf(turns);
  const figures = summaryOfTurns(turns);
  return { ...figures, ...work.more?.(figures) };
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
  /** Does something of a peer's; one that fails takes no further part. @type {Attempt} */
  const attempt = async (peer, step, task) => {
    if (failed.has(peer.name)) return;
    try {
      await task();
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      failed.add(peer.name);
      figures.delete(peer.name);
      failures.push(`${work.name}: ${why}`);
      say(`${work.name} ${step} failed: ${why}`);
    }
  };
  const taken = (
    /** @type {Peer} */ peer,
    /** @type {string} */ step,
    /** @type {Figures} */ turn,
  ) => {
    figures.set(peer.name, [...(figures.get(peer.name) ?? []), turn]);
    say(`${work.name} ${step} ${peer.label}: ${lineOf(turn)}`);
  };
  await (work.keep === undefined
    ? longTurns({ work, peers, sizes, rounds, attempt, taken })
    : shortTurns({ work, peers, sizes, attempt, taken, say }));
  return { figures, failures };
}

/**
 * @typedef {(peer: Peer, step: string, task: () => Promise<void>) => Promise<void>} Attempt
 * @typedef {(peer: Peer, step: string, turn: Figures) => void} Taken
 */

/**
 * A server of its own for each turn.
 * @param {{ work: Work, peers: readonly Peer[], sizes: Sizes, rounds: number, attempt: Attempt, taken: Taken }} options
 */
async function longTurns({ work, peers, sizes, rounds, attempt, taken }) {
  for (let round = 1; round <= rounds; round += 1) {
    const step = `${round}/${rounds}`;
    for (const peer of peers) {
      await attempt(peer, step, async () => {
        const turn = await work.turn?.(peer, sizes);
        if (turn !== undefined) taken(peer, step, turn);
      });
    }
  }
}

/**
 * All servers stay up and are loaded one after the other.
 * @param {{ work: Work, peers: readonly Peer[], sizes: Sizes, attempt: Attempt, taken: Taken, say: (text: string) => void }} options
 */
async function shortTurns({ work, peers, sizes, attempt, taken, say }) {
  /** @type {Map<Peer, Kept>} */
  const kept = new Map();
  try {
    for (const peer of peers) {
      await attempt(peer, "start", async () => {
        const one = await work.keep?.(peer, sizes);
        if (one !== undefined) kept.set(peer, one);
        say(`${work.name} ${peer.label} is up and warm`);
      });
    }
    for (let round = 1; round <= sizes.turns; round += 1) {
      const step = `${round}/${sizes.turns}`;
      for (const [peer, one] of kept) {
        await attempt(peer, step, async () => taken(peer, step, await one.turn()));
      }
    }
  } finally {
    for (const one of kept.values()) await one.stop();
  }
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
