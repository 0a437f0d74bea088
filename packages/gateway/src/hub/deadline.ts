import type { Maybe } from "@holdfast/broker";
import type { TimerWheel } from "@holdfast/core";
import { settle } from "./ask.js";

/** How a handler's work ended. */
export type Ending<T> =
  | { readonly kind: "value"; readonly value: T }
  | { readonly kind: "error"; readonly error: unknown }
  | { readonly kind: "timeout" };

/**
 * Runs a handler with a signal that is aborted at its deadline or by the returned function, after
 * which nothing is reported. `done` is called at most once, at once for handlers that answer at once.
 */
export function withDeadline<T>(
  wheel: TimerWheel,
  timeoutMs: number,
  work: (signal: AbortSignal) => Maybe<T>,
  done: (ending: Ending<T>) => void,
): () => void {
  const controller = new AbortController();
  let over = false;
  const end = (ending: Ending<T>): void => {
    if (over) return;
    over = true;
    timer.cancel();
    done(ending);
  };
  const timer = wheel.add(timeoutMs, () => {
    end({ kind: "timeout" });
    controller.abort();
  });
  settle(
    () => work(controller.signal),
    (value) => end({ kind: "value", value }),
    (error) => end({ kind: "error", error }),
  );
  return () => {
    if (over) return;
    over = true;
    timer.cancel();
    controller.abort();
  };
}
