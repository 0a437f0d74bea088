import type { Maybe } from "@holdfast/broker";
import { type Failure, failure } from "@holdfast/protocol";

/**
 * Runs `done` with the value of `attempt`: at once when it is there, later when it is a promise.
 * A throw, a rejection, or a `done` that throws later reaches `failed`. Engines and handlers in
 * the same process thereby cost no promise per message.
 */
export function settle<T>(
  attempt: () => Maybe<T>,
  done: (value: T) => void,
  failed: (error: unknown) => void,
): void {
  let value: Maybe<T>;
  try {
    value = attempt();
  } catch (error) {
    failed(error);
    return;
  }
  if (isThenable(value)) value.then(done).then(undefined, failed);
  else done(value);
}

/** Asks an engine; whatever it throws is a failure to reach it. */
export function ask<T>(
  attempt: () => Maybe<T | Failure>,
  done: (outcome: T | Failure) => void,
): void {
  settle(attempt, done, (error) => {
    done(failure("unavailable", `The engine failed: ${textOf(error)}.`));
  });
}

/** One line about something thrown. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether an answer is still to come. */
export function isThenable<T>(value: Maybe<T>): value is Promise<T> {
  return (
    typeof value === "object" &&
    value !== null &&
    "then" in value &&
    typeof value.then === "function"
  );
}
