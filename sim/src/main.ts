import { explain, type InvariantName } from "@holdfast/probe";
import { type Plan, planOf } from "./plan/plan.js";
import { shrink } from "./shrink.js";
import { covered } from "./world/coverage.js";
import { runPlan } from "./world/run.js";

/** What one process reports of the seeds it ran, one line of JSON at a time. */
export type ReportLine =
  | {
      readonly kind: "ran";
      readonly seed: number;
      readonly steps: number;
      readonly coverage: Readonly<Record<string, number>>;
    }
  | {
      readonly kind: "broken";
      readonly seed: number;
      readonly invariants: readonly InvariantName[];
      readonly faults: string;
      /** The run with the fewest faults, as JSON: to be kept as a regression test. */
      readonly plan: string;
      readonly explanation: string;
    };

/** Seeds of a run, as the command line gives them. */
export interface SeedRange {
  readonly from: number;
  readonly count: number;
  /** Every how many-th seed; several processes share a range by it. */
  readonly stride: number;
  /** Looks for the fewest faults of a broken seed. */
  readonly shrinks: boolean;
  /** Ends at the first broken seed. */
  readonly stopsAtFirst: boolean;
  /** Plans that were kept, to be run instead of seeds. */
  readonly plans?: readonly Plan[];
}

/** Names of everything a batch has to meet. */
export { covered };

/** Runs seeds one after the other. */
export async function runSeeds(
  { from, count, stride, shrinks, stopsAtFirst, plans }: SeedRange,
  report: (line: ReportLine) => void,
): Promise<void> {
  for (const plan of plans ?? plansOf(from, count, stride)) {
    const { seed } = plan;
    const { coverage, steps, verdict } = await runPlan(plan);
    const met = [...coverage.counts].filter(([, hits]) => hits > 0);
    report({ kind: "ran", seed, steps, coverage: Object.fromEntries(met) });
    const [violation] = verdict.violations;
    if (violation === undefined) continue;
    const small = shrinks ? await shrink(plan, breaking(violation.invariant)) : plan;
    const again = shrinks ? (await runPlan(small)).verdict.violations : verdict.violations;
    report({
      kind: "broken",
      seed,
      invariants: [...new Set(verdict.violations.map(({ invariant }) => invariant))],
      faults: JSON.stringify(small.faults),
      plan: JSON.stringify(small),
      explanation: explain(again[0] ?? violation),
    });
    if (stopsAtFirst) return;
  }
}

function* plansOf(from: number, count: number, stride: number): Iterable<Plan> {
  for (let seed = from; seed < from + count; seed += stride) yield planOf(seed);
}

/** Whether a plan breaks this very promise. */
function breaking(broken: InvariantName): (plan: Plan) => Promise<boolean> {
  return async (plan) => {
    const { verdict } = await runPlan(plan);
    return verdict.violations.some(({ invariant }) => invariant === broken);
  };
}
