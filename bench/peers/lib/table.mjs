/** @import { Peer } from "./peers.mjs" */
/** @import { Ratio } from "./ratios.mjs" */
/** @import { Result } from "./run.mjs" */

/** What is shown of each work. @type {readonly { work: string, figure: string, head: string, digits: number }[]} */
const columns = [
  { work: "fanout", figure: "perCpuSecond", head: "fan-out /CPU-s", digits: 0 },
  { work: "fanout10", figure: "perCpuSecond", head: "ten at a time /CPU-s", digits: 0 },
  { work: "echo", figure: "perCpuSecond", head: "echo /CPU-s", digits: 0 },
  { work: "latency", figure: "p99Us", head: "p99 at half load µs", digits: 0 },
  { work: "idle", figure: "bytesPerConnection", head: "bytes idle", digits: 0 },
  { work: "idle", figure: "handshakesPerCpuSecond", head: "handshakes /CPU-s", digits: 0 },
  { work: "storm", figure: "seconds", head: "storm s", digits: 1 },
  { work: "storm", figure: "loopDelayP99Ms", head: "storm loop p99 ms", digits: 0 },
  { work: "audience", figure: "growth", head: "audience growth", digits: 2 },
  { work: "channels", figure: "growth", head: "channels growth", digits: 2 },
];

/**
 * The result as a Markdown table, medians with min and max, then the goals.
 * @param {Result} result
 * @param {readonly Peer[]} peers
 * @param {readonly Ratio[]} ratios
 */
export function tableOf(result, peers, ratios) {
  const shown = columns.filter(({ work }) => result.works[work] !== undefined);
  const rows = peers.map(({ name, label }) => [
    label,
    ...shown.map(({ work, figure, digits }) => {
      const spread = result.works[work]?.[name]?.[figure];
      if (spread === undefined) return "–";
      const text = (/** @type {number} */ value) =>
        value.toLocaleString("en-US", { maximumFractionDigits: digits });
      return spread.min === spread.max
        ? text(spread.median)
        : `${text(spread.median)} (${text(spread.min)}–${text(spread.max)})`;
    }),
  ]);
  const goals = ratios.map(({ text, value, atLeast, atMost, reached }) => [
    text,
    String(value),
    atLeast === undefined ? (atMost === undefined ? "–" : `≤ ${atMost}`) : `≥ ${atLeast}`,
    atLeast === atMost ? "for comparison" : reached ? "reached" : "not reached",
  ]);
  return [
    ...markdown(["server", ...shown.map(({ head }) => head)], rows),
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
