import type { Fault } from "./plan/faults.js";
import type { Plan } from "./plan/plan.js";

/** Runs of one shrinking. */
const maxRuns = 200;

/**
 * The fewest faults of a plan under which it still breaks what it broke: halves are left out first,
 * then single ones, until nothing can be left out.
 */
export async function shrink(plan: Plan, breaks: (fewer: Plan) => Promise<boolean>): Promise<Plan> {
  let faults = plan.faults;
  let runs = 0;
  const stillBroken = async (fewer: readonly Fault[]): Promise<boolean> => {
    runs += 1;
    return await breaks({ ...plan, faults: fewer });
  };
  for (let size = Math.max(1, faults.length >> 1); size >= 1 && runs < maxRuns; ) {
    let removed = false;
    for (let at = 0; at < faults.length && runs < maxRuns; ) {
      const fewer = [...faults.slice(0, at), ...faults.slice(at + size)];
      if (await stillBroken(fewer)) {
        faults = fewer;
        removed = true;
      } else at += size;
    }
    if (size === 1 && !removed) break;
    size = size === 1 ? 1 : size >> 1;
  }
  return { ...plan, faults };
}
