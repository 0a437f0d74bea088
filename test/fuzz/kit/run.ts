import { SeededRandom } from "@holdfast/core/testing";
import { shrink } from "./shrink.js";
import type { Probe, Target } from "./target.js";

/** CPU time that one input may take. */
const MAX_CPU_MS = 1_000;
/** Time that one input may take with nothing going on: somebody waits for what never comes. */
const MAX_WAIT_MS = 10_000;
/** Heap that a target may hold more at its end than after its first quarter. */
const MAX_GROWTH_BYTES = 8 * 2 ** 20;

/** An input that a target did not bear. */
export interface Finding {
  readonly target: string;
  readonly seed: number;
  readonly index: number;
  readonly problem: string;
  /** Base64 of the smallest input that still does it; absent: it takes those before it, too. */
  readonly input?: string;
}

/** What became of one target's inputs. */
export interface Outcome {
  readonly target: string;
  readonly inputs: number;
  readonly ms: number;
  readonly growthBytes: number;
  readonly finding?: Finding;
}

/** What a run tells while it goes on. */
export interface Progress {
  /** The input that is about to be tried. */
  at(target: string, index: number): void;
}

/** Where the process would put what nobody caught. */
export interface Uncaught {
  problem: string | undefined;
}

/** Frees what can be freed, and says how much is left. */
export type HeapAfterCollection = () => number;

/** Chance for one input: the same whatever was tried before it. */
export const chanceOf = (seed: number, index: number): SeededRandom =>
  new SeededRandom(seed * 2 ** 32 + index);

/** Gives a target its inputs; stops at the first that it does not bear. */
export async function tryTarget(
  target: Target,
  { seed, inputs }: { readonly seed: number; readonly inputs: number },
  { at }: Progress,
  uncaught: Uncaught,
  heap: HeapAfterCollection,
): Promise<Outcome> {
  const began = performance.now();
  const probe = await target.start();
  let problem: string | undefined;
  let index = 0;
  let early = 0;
  for (; index < inputs && problem === undefined; index++) {
    if (index === inputs >> 2) early = heap();
    at(target.name, index);
    problem = await tryOne(probe, target.make(chanceOf(seed, index)), uncaught);
  }
  const growthBytes = heap() - early;
  if (problem === undefined) {
    problem = await ended(probe);
    if (problem === undefined && growthBytes > MAX_GROWTH_BYTES) {
      problem = `leak: ${Math.round(growthBytes / 2 ** 20)} MB more at the end`;
    }
  } else await ended(probe);
  const outcome = {
    target: target.name,
    inputs: index,
    ms: performance.now() - began,
    growthBytes,
  };
  if (problem === undefined) return outcome;
  index--;
  const input = target.make(chanceOf(seed, index));
  const failsAlone = async (candidate: Buffer): Promise<boolean> => {
    const fresh = await target.start();
    const alone = await tryOne(fresh, candidate, uncaught);
    return (await ended(fresh)) !== undefined || alone !== undefined;
  };
  const found = { target: target.name, seed, index, problem };
  if (!(await failsAlone(input))) return { ...outcome, finding: found };
  const smallest = await shrink(input, failsAlone);
  return { ...outcome, finding: { ...found, input: smallest.toString("base64") } };
}

/** What is wrong with how one input was borne; undefined: nothing. */
export async function tryOne(
  probe: Probe,
  input: Buffer,
  uncaught: Uncaught,
): Promise<string | undefined> {
  const problem = await runOne(probe, input, uncaught);
  const touched = prototypeTouched();
  if (touched !== undefined) return touched;
  return problem === SLOW ? judgeSlow(probe, input, uncaught) : problem;
}

/** An input has reached the prototype of all objects; frees it of that. */
function prototypeTouched(): string | undefined {
  const names = Object.keys(Object.prototype);
  for (const name of names) Reflect.deleteProperty(Object.prototype, name);
  return names.length === 0 ? undefined : `the prototype of all objects has got ${names.join()}`;
}

/** It took long. That may have been others' doing, on the machine or in the collection of garbage. */
async function judgeSlow(
  probe: Probe,
  input: Buffer,
  uncaught: Uncaught,
): Promise<string | undefined> {
  const began = process.cpuUsage();
  const problem = await runOne(probe, input, uncaught);
  const { user, system } = process.cpuUsage(began);
  if (problem !== SLOW) return problem;
  const ms = (user + system) / 1_000;
  return ms > MAX_CPU_MS ? `hang: ${ms} ms of CPU` : undefined;
}

const SLOW = "slow";

async function runOne(
  probe: Probe,
  input: Buffer,
  uncaught: Uncaught,
): Promise<string | undefined> {
  const beganMs = performance.now();
  let timer: NodeJS.Timeout | undefined;
  try {
    const running = probe.run(input);
    if (running !== undefined) {
      const late = new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(new Error("hang: nothing goes on")), MAX_WAIT_MS);
      });
      await Promise.race([running, late]);
    }
  } catch (error) {
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  } finally {
    clearTimeout(timer);
  }
  const { problem } = uncaught;
  uncaught.problem = undefined;
  if (problem !== undefined) return problem;
  return performance.now() - beganMs > MAX_CPU_MS ? SLOW : undefined;
}

async function ended(probe: Probe): Promise<string | undefined> {
  try {
    await probe.end?.();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
