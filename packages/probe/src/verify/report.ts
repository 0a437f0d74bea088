import type { FoldedMode } from "@holdfast/protocol";
import type { Verdict } from "../checker/check-history.js";
import { explain, invariants } from "../checker/check-history.js";
import type { HistoryEvent } from "../checker/history.js";
import type { InvariantName } from "../checker/invariant.js";
import { type Lost, lostEntries, type Recovery, recoveries } from "./recovery.js";
import type { VerifySettings } from "./settings.js";

/** Violations a report shows in full. */
const maxShown = 20;

/** Outcomes of the publishes of a run. */
export interface PublishCounts {
  readonly asked: number;
  readonly acknowledged: number;
  /** Compare-and-publishes that lost their race: a definite answer, and no failure of the system. */
  readonly mismatched: number;
  readonly failed: number;
  readonly unknown: number;
  /** Acknowledged ones of those that were not mismatched, 0…1. */
  readonly acknowledgedShare: number;
}

/** What a run came to, as the JSON report has it. */
export interface VerifyReport {
  readonly verdict: "kept" | "violated";
  readonly durationSeconds: number;
  readonly connections: number;
  readonly channels: number;
  readonly subscriptions: number;
  readonly publishes: PublishCounts;
  readonly deliveries: number;
  readonly connectionsLost: number;
  readonly resumed: number;
  readonly resets: number;
  readonly reads: number;
  /** Clients whose tokens were revoked while they worked. */
  readonly revocations: number;
  /** Faults injected, by kind. */
  readonly faults: Readonly<Record<string, number>>;
  /** How long it took to recover from the faults that the record dates, by kind. */
  readonly recovery: Readonly<Record<string, Recovery>>;
  readonly lost: Lost;
  /** Time from the end of load and faults until every publish had its answer and every subscriber everything; null: not within the bound. */
  readonly caughtUpMs: number | null;
  readonly presenceJudged: boolean;
  /** Modes of state whose channels were part of the run. */
  readonly modesJudged: readonly FoldedMode[];
  /** States seen: given, folded, read over HTTP. */
  readonly states: number;
  readonly eventsRecorded: number;
  /** Invariants and how often each was violated. */
  readonly invariants: Readonly<Record<InvariantName, number>>;
  readonly violations: readonly {
    readonly invariant: InvariantName;
    readonly explanation: string;
  }[];
  /** What went wrong with the system under test beside its promises. */
  readonly findings: readonly string[];
}

/** What a report is made of. */
export interface ReportParts {
  readonly settings: VerifySettings;
  readonly elapsedMs: number;
  readonly events: readonly HistoryEvent[];
  readonly verdict: Verdict;
  readonly faults: Readonly<Record<string, number>>;
  readonly findings: readonly string[];
  readonly caughtUpMs: number | undefined;
  readonly presenceJudged: boolean;
  readonly modesJudged: readonly FoldedMode[];
}

/** Counts and explains what a run came to. */
export function makeReport(parts: ReportParts): VerifyReport {
  const { settings, events, verdict, findings, caughtUpMs } = parts;
  const { violations, counts } = verdict;
  const violated = violations.length > 0 || findings.length > 0;
  const perInvariant = invariants.map(({ name }) => {
    return [name, violations.filter(({ invariant }) => invariant === name).length] as const;
  });
  const shortest = [...violations].sort((a, b) => a.excerpt.length - b.excerpt.length);
  return {
    verdict: violated ? "violated" : "kept",
    durationSeconds: Math.round(parts.elapsedMs / 100) / 10,
    connections: settings.connections,
    channels: settings.channels,
    subscriptions: settings.connections * settings.subscriptionsPerConnection,
    publishes: countPublishes(events),
    deliveries: counts.ofKind.delivered ?? 0,
    connectionsLost: counts.ofKind.disconnected ?? 0,
    resumed: counts.resumed,
    resets: counts.resets,
    reads: counts.ofKind.read ?? 0,
    revocations: counts.ofKind.revoked ?? 0,
    faults: parts.faults,
    recovery: recoveries(events),
    lost: lostEntries(events),
    caughtUpMs: caughtUpMs ?? null,
    presenceJudged: parts.presenceJudged,
    modesJudged: parts.modesJudged,
    states: counts.ofKind.state ?? 0,
    eventsRecorded: counts.events,
    invariants: Object.fromEntries(perInvariant) as Record<InvariantName, number>,
    violations: shortest.slice(0, maxShown).map((violation) => ({
      invariant: violation.invariant,
      explanation: explain(violation),
    })),
    findings,
  };
}

function countPublishes(events: readonly HistoryEvent[]): PublishCounts {
  const counts = { asked: 0, acknowledged: 0, mismatched: 0, failed: 0, unknown: 0 };
  for (const event of events) {
    if (event.kind === "publish") counts.asked += 1;
    if (event.kind !== "published") continue;
    if (event.outcome === "ok") counts.acknowledged += 1;
    else if (event.code === "offset_mismatch") counts.mismatched += 1;
    else counts[event.outcome] += 1;
  }
  const ordinary = counts.asked - counts.mismatched;
  const share = ordinary === 0 ? 1 : counts.acknowledged / ordinary;
  return { ...counts, acknowledgedShare: Math.round(share * 1e5) / 1e5 };
}

/** The verdict in plain words, one line each; on a violation with the shortest piece of history that shows it. */
export function verdictLines(report: VerifyReport): readonly string[] {
  const { publishes, faults, violations } = report;
  const share = (publishes.acknowledgedShare * 100).toFixed(2);
  const injected = Object.entries(faults).filter(([, count]) => count > 0);
  const lines = [
    `${publishes.asked} publishes by ${report.connections} clients on ${report.channels} channels: ${publishes.acknowledged} acknowledged (${share} % of those that could be), ${publishes.mismatched} refused as compared, ${publishes.failed} failed, ${publishes.unknown} unknown.`,
    `${report.deliveries} deliveries, ${report.connectionsLost} lost connections, ${report.resumed} resumed subscriptions, ${report.resets} resets.`,
  ];
  if (report.revocations > 0) lines.push(`${report.revocations} clients had their tokens revoked.`);
  if (injected.length > 0) {
    lines.push(`Faults: ${injected.map(([kind, count]) => `${count} × ${kind}`).join(", ")}.`);
  }
  for (const [fault, { subscriptions, p50Ms, p99Ms }] of Object.entries(report.recovery)) {
    lines.push(
      `After ${fault}: ${subscriptions} subscriptions noticed, recovered within ${p50Ms} ms (p50), ${p99Ms} ms (p99).`,
    );
  }
  const { acknowledged, subscriptionsAhead } = report.lost;
  if (acknowledged > 0) {
    lines.push(
      `The engine lost ${acknowledged} acknowledged entries; ${subscriptionsAhead} subscriptions had been handed some of them.`,
    );
  }
  if (report.caughtUpMs !== null) {
    lines.push(`Everyone had everything ${report.caughtUpMs} ms after load and faults had ended.`);
  }
  if (!report.presenceJudged) lines.push("Presence was not judged: the channels have none.");
  lines.push(
    report.modesJudged.length === 0
      ? "State was not judged: there are no channels of verify's names that have it."
      : `${report.states} states on channels of mode ${report.modesJudged.join(" and ")}.`,
  );
  if (report.verdict === "kept") {
    lines.push(`Kept: no violation of ${Object.keys(report.invariants).length} invariants.`);
    return lines;
  }
  lines.push(...report.findings);
  const shortest = violations[0];
  if (shortest !== undefined) {
    const broken = Object.entries(report.invariants).filter(([, count]) => count > 0);
    lines.push(`VIOLATED: ${broken.map(([name, count]) => `${name} (${count})`).join(", ")}`);
    lines.push(...shortest.explanation.split("\n"));
  }
  return lines;
}
