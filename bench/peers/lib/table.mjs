import { ratioOf } from "./summary.mjs";

/** @import { Peer } from "./peers.mjs" */
/** @import { Ratio } from "./ratios.mjs" */
/** @import { Result } from "./run.mjs" */
/** @import { Spread, Summary } from "./summary.mjs" */

/** What is shown of each work. @type {readonly { work: string, figure: string, head: string, digits: number, isCompared?: boolean }[]} */
const columns = [
  { work: "fanout", figure: "perCpuSecond", head: "fan-out /CPU-s", digits: 0, isCompared: true },
  {
    work: "fanout10",
    figure: "perCpuSecond",
    head: "ten at a time /CPU-s",
    digits: 0,
    isCompared: true,
  },
  { work: "echo", figure: "perCpuSecond", head: "echo /CPU-s", digits: 0 },
  { work: "latency", figure: "p99Us", head: "p99 at half load µs", digits: 0 },
  { work: "idle", figure: "bytesPerConnection", head: "bytes idle", digits: 0 },
  { work: "idle", figure: "handshakesPerCpuSecond", head: "handshakes /CPU-s", digits: 0 },
  { work: "storm", figure: "seconds", head: "storm s", digits: 1 },
  { work: "storm", figure: "loopDelayP99Ms", head: "storm loop p99 ms", digits: 0 },
  { work: "audience", figure: "growth", head: "audience growth", digits: 2 },
  { work: "channels", figure: "growth", head: "channels growth", digits: 2 },
];

/** @param {Spread | undefined} spread @param {number} digits */
function cell(spread, digits) {
  if (spread === undefined) return "–";
  const text = (/** @type {number} */ value) =>
    value.toLocaleString("en-US", { maximumFractionDigits: digits });
  return spread.min === spread.max
    ? text(spread.median)
    : `${text(spread.median)} (${text(spread.min)}–${text(spread.max)})`;
}

/**
 * A column's cells of one peer: the figure, and where all peers took part in each turn how it stands to the
 * first one's within a turn.
 * @param {Record<string, Summary> | undefined} summaries
 * @param {string} name
 * @param {typeof columns[number]} column
 * @param {string} first
 */
function cells(summaries, name, { figure, digits, isCompared }, first) {
  const own = summaries?.[name]?.[figure];
  if (isCompared !== true) return [cell(own, digits)];
  const other = summaries?.[first]?.[figure];
  return [cell(own, digits), own && other ? ratioOf(own, other).median.toFixed(3) : "–"];
}

/**
 * The result as a Markdown table, medians with min and max, then the goals.
 * @param {Result} result
 * @param {readonly Peer[]} peers
 * @param {readonly Ratio[]} ratios
 */
export function tableOf(result, peers, ratios) {
  const shown = columns.filter(({ work }) => result.works[work] !== undefined);
  const [first = { name: "", label: "" }] = peers;
  const heads = shown.flatMap(({ head, isCompared }) =>
    isCompared === true ? [head, `of ${first.label}`] : [head],
  );
  const rows = peers.map(({ name, label }) => [
    label,
    ...shown.flatMap((column) => cells(result.works[column.work], name, column, first.name)),
  ]);
  const goals = ratios.map(({ text, value, min, max, atLeast, atMost, reached }) => [
    text,
    cell({ median: value, min, max }, 3),
    atLeast === undefined ? (atMost === undefined ? "–" : `≤ ${atMost}`) : `≥ ${atLeast}`,
    atLeast === atMost ? "for comparison" : reached ? "reached" : "not reached",
  ]);
  return [
    ...markdown(["server", ...heads], rows),
    "",
    ...markdown(["Holdfast", "ratio", "goal", ""], goals),
    ...result.failures.map((text) => `FAILED ${text}`),
    ...result.warnings.map((text) => `WARNING ${text}`),
  ].join("\n");
}

/** @param {readonly string[]} head @param {readonly (readonly string[])[]} rows */
function markdown(head, rows) {
  if (rows.length === 0) return [];
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
}
