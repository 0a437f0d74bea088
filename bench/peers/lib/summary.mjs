/** @import { Figures } from "./works.mjs" */

/**
 * @typedef {{ median: number, min: number, max: number }} Spread
 * @typedef {Record<string, Spread>} Summary by the figure's name
 */

/** @param {readonly number[]} values @returns {Spread} */
export function spreadOf(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const [low = Number.NaN, high = Number.NaN] = [
    sorted[Math.floor(middle)],
    sorted[Math.ceil(middle)],
  ];
  const rounded = (/** @type {number} */ value) => Number(value.toPrecision(6));
  return {
    median: rounded((low + high) / 2),
    min: rounded(sorted[0] ?? Number.NaN),
    max: rounded(sorted.at(-1) ?? Number.NaN),
  };
}

/** @param {readonly Figures[]} turns @returns {Summary} */
export function summaryOf(turns) {
  const names = Object.keys(turns[0] ?? {});
  return Object.fromEntries(
    names.map((name) => [name, spreadOf(turns.map((turn) => turn[name] ?? Number.NaN))]),
  );
}
