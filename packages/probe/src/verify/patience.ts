import type { Clock } from "@holdfast/core";

/** Settles after `ms`, or at once when the signal is aborted. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = () => {
      timer.cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = clock.after(ms, done);
    signal.addEventListener("abort", done);
  });
}

/** Looks again and again until `done` says so (true) or the time is over or the signal aborted (false). */
export async function until(
  clock: Clock,
  done: () => boolean | Promise<boolean>,
  { withinMs, everyMs, signal }: { withinMs: number; everyMs: number; signal: AbortSignal },
): Promise<boolean> {
  const endMs = clock.monoMs() + withinMs;
  for (;;) {
    if (await done()) return true;
    if (signal.aborted || clock.monoMs() >= endMs) return false;
    await pause(clock, everyMs, signal);
  }
}

/** The outcome, or `undefined` when it takes longer than `ms`. */
export async function within<T>(
  clock: Clock,
  ms: number,
  work: Promise<T>,
): Promise<T | undefined> {
  let cancel = () => {};
  const late = new Promise<undefined>((resolve) => {
    const timer = clock.after(ms, () => resolve(undefined));
    cancel = () => timer.cancel();
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    cancel();
  }
}
