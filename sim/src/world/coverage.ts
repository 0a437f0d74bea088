import { faultKinds } from "../plan/faults.js";

/** What a batch has to hit at least once, besides every kind of fault. */
export const situations = [
  "cut-mid-message",
  "cut-mid-replay",
  "cut-mid-replay-twice",
  "resumed",
  "resumed-on-another-gateway",
  "resumed-in-lineage",
  "resumed-before-first",
  "reset",
  "refill",
  "page-boundary",
  "relay-message-lost",
  "publish-repeated",
  "publish-unknown",
  "publish-arrived-late",
  "publish-conflict",
  "offset-mismatch",
  "slow-reader-closed",
  "token-expired",
  "late-joiner",
  "lease-lost",
  "handler-answered-later",
  "presence-shown",
  "presence-counted",
  "state-snapshot",
  "state-and-deltas",
  "state-resumed",
  "state-reset",
  "state-lost",
  "state-full",
  "state-read",
  "state-loaded-first",
  "state-of-the-application",
  "snapshot-stored",
  "snapshot-overtaken",
] as const;

/** A situation worth counting. */
export type Situation = (typeof situations)[number];

/** Names of everything that is counted. */
export const covered: readonly string[] = [
  ...faultKinds.map((kind) => `fault:${kind}`),
  ...situations,
];

/** How often each situation was really met. */
export class Coverage {
  readonly counts = new Map<string, number>(covered.map((name) => [name, 0]));

  hit(name: Situation | `fault:${string}`): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }

  add(other: Iterable<readonly [string, number]>): void {
    for (const [name, count] of other) this.counts.set(name, (this.counts.get(name) ?? 0) + count);
  }

  /** What was never met. */
  get missing(): readonly string[] {
    return [...this.counts].filter(([, count]) => count === 0).map(([name]) => name);
  }
}
