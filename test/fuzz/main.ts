import { readFileSync } from "node:fs";
import { type Outcome, tryOne, tryTarget, type Uncaught } from "./kit/run.js";
import type { Target } from "./kit/target.js";
import { targetsOf } from "./targets.js";

/** What the process that tries inputs is asked for. */
export interface Task {
  /** The project's folder. */
  readonly root: string;
  readonly seed?: number;
  /** Inputs over all targets. */
  readonly inputs?: number;
  /** Only the target of this name, with all the inputs. */
  readonly only?: string;
  /** Instead: replay these vectors. */
  readonly vectors?: readonly Vector[];
}

/** An input that was once not borne. */
export interface Vector {
  readonly name: string;
  readonly target: string;
  /** What it was, where it is text, or its bytes in hexadecimal. */
  readonly text?: string;
  readonly hex?: string;
}

/** Tells what the watching process is to know, a JSON text a line. */
export type Tell = (line: object) => void;

const uncaught: Uncaught = { problem: undefined };
for (const event of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(event, (error: unknown) => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    uncaught.problem ??= `${event}: ${text}`;
  });
}

const collect = (globalThis as { readonly gc?: () => void }).gc;

function heap(): number {
  collect?.();
  return process.memoryUsage().heapUsed;
}

/** Tries what the task asks for. */
export async function runTask(task: Task, tell: Tell): Promise<void> {
  const targets = targetsOf(task.root);
  if (task.vectors !== undefined) {
    for (const vector of task.vectors) await replay(targets, vector, tell);
    return;
  }
  const { seed = 1, inputs = 1_000, only } = task;
  const wanted = targets.filter(({ name }) => only === undefined || name === only);
  if (wanted.length === 0) {
    throw new Error(`no target is called ${only}: ${targets.map(({ name }) => name).join(", ")}`);
  }
  const whole = wanted.reduce((sum, { share }) => sum + share, 0);
  for (const target of wanted) {
    const own = Math.ceil((inputs * target.share) / whole);
    const outcome: Outcome = await tryTarget(
      target,
      { seed, inputs: own },
      { at: (name, index) => index % 256 === 0 && tell({ at: name, index }) },
      uncaught,
      heap,
    );
    tell({ outcome });
  }
}

async function replay(targets: readonly Target[], vector: Vector, tell: Tell): Promise<void> {
  const target = targets.find(({ name }) => name === vector.target);
  if (target === undefined) throw new Error(`${vector.name}: no target ${vector.target}`);
  const probe = await target.start();
  const problem = await tryOne(probe, bytesOf(vector), uncaught);
  await probe.end?.();
  tell({ vector: vector.name, ...(problem === undefined ? {} : { problem }) });
}

const bytesOf = ({ text, hex }: Vector): Buffer =>
  text === undefined ? Buffer.from(hex ?? "", "hex") : Buffer.from(text);

/** The task that the process was started with. */
export function readTask(): Task {
  return JSON.parse(readFileSync(0, "utf8")) as Task;
}
