import type { HistoryEvent } from "./history.js";
import type { IndexedHistory } from "./indexed-history.js";

/** Names of the invariants, as reports and tests use them. */
export type InvariantName =
  | "ack-appended"
  | "contiguous"
  | "justified-reset"
  | "no-duplicate"
  | "order"
  | "no-phantom"
  | "agreement"
  | "epoch-monotone"
  | "resume-honesty"
  | "read-your-ack"
  | "key-idempotence"
  | "compare-and-publish"
  | "publisher-order"
  | "snapshot-join"
  | "state-equality"
  | "revocation-bound"
  | "presence-convergence"
  | "queue-bounds"
  | "convergence";

/** A promise that the history shows to be broken. */
export interface Violation {
  readonly invariant: InvariantName;
  /** What happened and why it must not, for a reader who does not know the history. */
  readonly message: string;
  /** The shortest piece of history that shows it, in order. */
  readonly excerpt: readonly HistoryEvent[];
}

/** Notes one violation; the excerpt may be given in any order and with holes. */
export type Report = (message: string, ...excerpt: readonly (HistoryEvent | undefined)[]) => void;

/** One promise, and the function that proves or refutes it from a history alone. */
export interface Invariant {
  readonly name: InvariantName;
  /** The promise in one sentence. */
  readonly promise: string;
  /** The violations, at most {@link maxViolationsPerInvariant}; pure. */
  check(history: IndexedHistory): readonly Violation[];
}

/** A broken system breaks a promise everywhere; more than this many examples help nobody. */
export const maxViolationsPerInvariant = 20;

/** Makes an invariant of a function that reports what it finds. */
export function defineInvariant(
  name: InvariantName,
  promise: string,
  find: (history: IndexedHistory, report: Report) => void,
): Invariant {
  return {
    name,
    promise,
    check(history) {
      const violations: Violation[] = [];
      find(history, (message, ...excerpt) => {
        if (violations.length >= maxViolationsPerInvariant) return;
        violations.push({ invariant: name, message, excerpt: inOrder(excerpt) });
      });
      return violations;
    },
  };
}

function inOrder(events: readonly (HistoryEvent | undefined)[]): readonly HistoryEvent[] {
  const present = new Set(events.filter((event) => event !== undefined));
  return [...present].sort((a, b) => a.seq - b.seq);
}
