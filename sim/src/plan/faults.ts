/** Every kind of fault the simulation knows. */
export const faultKinds = [
  "cut",
  "half-open",
  "strand",
  "stall",
  "kill",
  "stop",
  "drain",
  "relay-loss",
  "unreachable",
  "slow-engine",
  "lost-replies",
  "engine-restart",
  "engine-wipe",
  "failover",
  "old-backup",
  "clock-jump",
] as const;

/** The name of a fault. */
export type FaultKind = (typeof faultKinds)[number];

/** Faults that can cost the engine data or its reach. */
export const engineFaults: ReadonlySet<FaultKind> = new Set<FaultKind>([
  "unreachable",
  "engine-restart",
  "engine-wipe",
  "failover",
  "old-backup",
]);

/** One fault of a run. What its numbers mean depends on the kind; `target` is taken modulo what there is. */
export interface Fault {
  readonly kind: FaultKind;
  /** When it begins, in milliseconds of the run. */
  readonly atMs: number;
  /** How long it lasts, where it lasts. */
  readonly forMs: number;
  readonly target: number;
  /** Bytes before a cut, entries lost in a failover, milliseconds of a clock jump. */
  readonly amount: number;
}
