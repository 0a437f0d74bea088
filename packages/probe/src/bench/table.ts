import type { Times } from "./latency.js";
import { type BenchReport, isComplete } from "./report.js";

/** A report as lines to read. */
export function benchLines(report: BenchReport): readonly string[] {
  const { counts, server, client } = report;
  const rows: [string, string][] = [
    ["scenario", `${report.scenario}, ${report.target}, ${report.codec}`],
    ["connections", `${counts.opened} of ${report.connections}, ${report.opensPerSecond}/s`],
    ["subscriptions", `${report.subscriptions} to ${number(report.channels, "channel")}`],
  ];
  if (report.scenario !== "idle") {
    rows.push(
      ["asked", `${counts.sent} sent, ${counts.answered} answered`],
      ["arrived", `${counts.received} of ${counts.expected}, ${report.arrivalsPerSecond}/s`],
      ["latency", times(report.latency)],
    );
    if (report.scenario === "storm") rows.push(["resumed", `${counts.resumed} clients`]);
    else rows.push(["  once sent", times(report.service)]);
  }
  if (report.steps.length > 0) rows.push(["highest rate", highest(report)]);
  if (server.busyShare !== null) rows.push(["server", serverText(report)]);
  rows.push([
    "client",
    `${number(client.processes, "process", "processes")}, the busiest ${percent(client.busiestShare)}`,
  ]);
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    ...rows.map(([name, text]) => `${name.padEnd(width)}  ${text}`),
    ...Object.entries(report.failures).map(([code, count]) => `FAILED ${count} × ${code}`),
    ...incomplete(report),
    ...report.warnings.map((text) => `WARNING ${text}`),
  ];
}

function times({ p50Ms, p90Ms, p99Ms, p999Ms, maxMs, count }: Times): string {
  if (count === 0) return "nothing was measured";
  return `p50 ${p50Ms} ms, p90 ${p90Ms} ms, p99 ${p99Ms} ms, p99.9 ${p999Ms} ms, max ${maxMs} ms`;
}

function highest({ steps }: BenchReport): string {
  const good = steps.filter(({ over }) => over === undefined).at(-1);
  const bad = steps.find(({ over }) => over !== undefined);
  const end = bad === undefined ? "" : `; at ${bad.perSecond}/s ${bad.over}`;
  return good === undefined ? `none${end}` : `${good.perSecond}/s with p99 ${good.p99Ms} ms${end}`;
}

function serverText({ server }: BenchReport): string {
  const parts = [`busy ${percent(server.busyShare ?? 0)}`];
  if (server.cpuMicrosPerArrival !== null) {
    parts.push(`${server.cpuMicrosPerArrival} µs of processor per arrival`);
  }
  if (server.bytesPerConnection !== null) {
    parts.push(`${server.bytesPerConnection} bytes resident per connection`);
  }
  return parts.join(", ");
}

function incomplete(report: BenchReport): readonly string[] {
  const { expected, received, missing, repeated, resets } = report.counts;
  if (isComplete(report) || received === expected) return [];
  return [
    `INCOMPLETE ${expected - received} did not arrive (${missing} offsets skipped, ${repeated} repeated, ${resets} resets).`,
  ];
}

const number = (count: number, one: string, many = `${one}s`) =>
  `${count} ${count === 1 ? one : many}`;
const percent = (share: number) => `${Math.round(share * 100)} %`;
