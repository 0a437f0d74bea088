import type { Clock } from "@holdfast/core";

/** Whether something that never rejects came about within `timeoutMs`. */
export function inTime(clock: Clock, timeoutMs: number, done: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = clock.after(timeoutMs, () => resolve(false));
    void done.then(() => {
      timer.cancel();
      resolve(true);
    });
  });
}
