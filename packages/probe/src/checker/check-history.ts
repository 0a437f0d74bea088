import { type Bounds, contractBounds } from "./bounds.js";
import type { HistoryEvent, HistoryKind } from "./history.js";
import { indexHistory } from "./indexed-history.js";
import type { Invariant, Violation } from "./invariant.js";
import { ackAppended } from "./invariants/ack-appended.js";
import { agreement } from "./invariants/agreement.js";
import { compareAndPublish } from "./invariants/compare-and-publish.js";
import { contiguous } from "./invariants/contiguous.js";
import { convergence } from "./invariants/convergence.js";
import { epochMonotone } from "./invariants/epoch-monotone.js";
import { justifiedReset } from "./invariants/justified-reset.js";
import { keyIdempotence } from "./invariants/key-idempotence.js";
import { noDuplicate } from "./invariants/no-duplicate.js";
import { noPhantom } from "./invariants/no-phantom.js";
import { order } from "./invariants/order.js";
import { presenceConvergence } from "./invariants/presence-convergence.js";
import { publisherOrder } from "./invariants/publisher-order.js";
import { queueBounds } from "./invariants/queue-bounds.js";
import { readYourAck } from "./invariants/read-your-ack.js";
import { resumeHonesty } from "./invariants/resume-honesty.js";
import { revocationBound } from "./invariants/revocation-bound.js";
import { snapshotJoin } from "./invariants/snapshot-join.js";
import { stateEquality } from "./invariants/state-equality.js";

/** Every invariant of the delivery contract. */
export const invariants: readonly Invariant[] = [
  ackAppended,
  contiguous,
  justifiedReset,
  noDuplicate,
  order,
  noPhantom,
  agreement,
  epochMonotone,
  resumeHonesty,
  readYourAck,
  keyIdempotence,
  compareAndPublish,
  publisherOrder,
  snapshotJoin,
  stateEquality,
  revocationBound,
  presenceConvergence,
  queueBounds,
  convergence,
];

/** What a history holds, so that an empty one is not mistaken for a good one. */
export interface HistoryCounts {
  readonly events: number;
  readonly ofKind: Readonly<Partial<Record<HistoryKind, number>>>;
  /** Publishes that were acknowledged. */
  readonly acknowledged: number;
  /** `subscribed` with `resumed: true`. */
  readonly resumed: number;
  /** Resets of live subscriptions, and subscribes that could not be resumed. */
  readonly resets: number;
}

/** The verdict over a history. */
export interface Verdict {
  readonly violations: readonly Violation[];
  readonly counts: HistoryCounts;
}

/**
 * Judges a recorded history by every invariant of the delivery contract. Pure, and linear up
 * to a logarithm. The events must stand in the order of their `seq`.
 */
export function checkHistory(
  events: readonly HistoryEvent[],
  options: { readonly bounds?: Partial<Bounds> } = {},
): Verdict {
  const history = indexHistory(events, { ...contractBounds, ...options.bounds });
  const violations = invariants.flatMap((invariant) => invariant.check(history));
  return { violations, counts: countEvents(events) };
}

function countEvents(events: readonly HistoryEvent[]): HistoryCounts {
  const ofKind: Partial<Record<HistoryKind, number>> = {};
  let acknowledged = 0;
  let resumed = 0;
  let resets = 0;
  for (const event of events) {
    ofKind[event.kind] = (ofKind[event.kind] ?? 0) + 1;
    if (event.kind === "published" && event.outcome === "ok") acknowledged += 1;
    else if (event.kind === "subscribed" && event.resumed) resumed += 1;
    else if (event.kind === "subscribed" && event.reason !== undefined) resets += 1;
    else if (event.kind === "reset") resets += 1;
  }
  return { events: events.length, ofKind, acknowledged, resumed, resets };
}

/** A violation for people: the sentence, then the piece of history, one event a line. */
export function explain(violation: Violation): string {
  const lines = violation.excerpt.map(({ seq, atMs, ...fact }) => {
    return `  #${seq} ${atMs} ms  ${JSON.stringify(fact)}`;
  });
  return [`${violation.invariant}: ${violation.message}`, ...lines].join("\n");
}
