/** @import { Figures } from "./works.mjs" */

/**
 * @typedef {object} Spread
 * @property {number} median
 * @property {number} min
 * @property {number} max
 * @property {readonly number[]} [turns] one by one, where all peers take part in each
 *
 * @typedef {Record<string, Spread>} Summary by the figure's name
 */

const rounded = (/** @type {number} */ value) => Number(value.toPrecision(6));

/** @param {readonly (number | undefined)[]} values @returns {Spread} */
export function spreadOf(values) {
  const sorted = values.map((value) => value ?? Number.NaN).toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const [low = Number.NaN, high = Number.NaN] = [
    sorted[Math.floor(middle)],
    sorted[Math.ceil(middle)],
  ];
  return {
    median: rounded((low + high) / 2),
    min: rounded(sorted[0] ?? Number.NaN),
    max: rounded(sorted.at(-1) ?? Number.NaN),
  };
}

/** The same, with each turn. @param {readonly (number | undefined)[]} values @returns {Spread} */
const spreadOfTurns = (values) => ({
  ...spreadOf(values),
  turns: values.map((value) => rounded(value ?? Number.NaN)),
});

/**
 * One figure over another: the median of the ratios within a turn where both have the same turns, otherwise the
 * ratio of the medians.
 * @param {Spread} own
 * @param {Spread} other
 * @returns {Spread}
 */
export function ratioOf(own, other) {
  const [turns, others] = [own.turns, other.turns];
  if (turns === undefined || turns.length !== others?.length) {
    return spreadOf([own.median / other.median]);
  }
  return spreadOfTurns(turns.map((value, at) => value / (others[at] ?? Number.NaN)));
}

/** @param {readonly Figures[]} turns @returns {Summary} */
export const summaryOf = (turns) => eachFigure(turns, spreadOf);

/** @param {readonly Figures[]} turns @returns {Summary} */
export const summaryOfTurns = (turns) => eachFigure(turns, spreadOfTurns);

/**
 * @param {readonly Figures[]} turns
 * @param {(values: readonly (number | undefined)[]) => Spread} spread
 */
function eachFigure(turns, spread) {
  const names = Object.keys(turns[0] ?? {});
  return Object.fromEntries(names.map((name) => [name, spread(turns.map((turn) => turn[name]))]));
}
