import type { FlushScheduler } from "./flush-scheduler.js";

/** What a publication carries: one of the two. */
interface Carried {
  readonly data?: unknown;
  readonly bytes?: Uint8Array;
}

/** Counts a publication in as long as an engine has it. One that answers at once costs nothing. */
export function whileUnderWay<T>(
  flushes: FlushScheduler,
  carried: Carried,
  publish: (done: (outcome: T) => void) => void,
  done: (outcome: T) => void,
): void {
  let isAnswered = false;
  let size = 0;
  publish((outcome) => {
    isAnswered = true;
    if (size > 0) flushes.arrived(size);
    done(outcome);
  });
  if (isAnswered) return;
  size = sizeOf(carried);
  flushes.underWay(size);
}

/** At least 1. Text is counted by characters: as good as bytes to know how much is on its way. */
function sizeOf({ data, bytes }: Carried): number {
  return Math.max(1, bytes?.byteLength ?? JSON.stringify(data)?.length ?? 1);
}
