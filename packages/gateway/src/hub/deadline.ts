import type { Maybe } from "@holdfast/broker";
import type { Timer, TimerWheel } from "@holdfast/core";
import { isThenable } from "./ask.js";

/** How a handler's work ended. */
export type Ending<T> =
  | { readonly kind: "value"; readonly value: T }
  | { readonly kind: "error"; readonly error: unknown }
  | { readonly kind: "timeout" };

/**
 * What a handler is told its end by. The signal is made when it is asked for: making one takes longer
 * than most handlers, and those that answer at once never look.
 */
export class Abortable {
  #controller: AbortController | undefined;
  #isAborted = false;

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#isAborted) this.#controller.abort();
    }
    return this.#controller.signal;
  }

  abort(): void {
    this.#isAborted = true;
    this.#controller?.abort();
  }
}

const nothing = (): void => {};

/**
 * Runs a handler; `abortable` is aborted at the deadline or by the returned function, after which
 * nothing is reported. `done` is called at most once, at once for handlers that answer at once; these
 * need no deadline.
 */
export function withDeadline<T>(
  wheel: TimerWheel,
  timeoutMs: number,
  abortable: Abortable,
  work: () => Maybe<T>,
  done: (ending: Ending<T>) => void,
): () => void {
  let outcome: Maybe<T>;
  try {
    outcome = work();
  } catch (error) {
    done({ kind: "error", error });
    return nothing;
  }
  if (isThenable(outcome)) return new Waiting(wheel, timeoutMs, abortable, outcome, done).giveUp;
  done({ kind: "value", value: outcome });
  return nothing;
}

/** Work whose answer is still to come. */
class Waiting<T> {
  readonly #abortable: Abortable;
  readonly #done: (ending: Ending<T>) => void;
  readonly #timer: Timer;
  #isOver = false;

  constructor(
    wheel: TimerWheel,
    timeoutMs: number,
    abortable: Abortable,
    outcome: Promise<T>,
    done: (ending: Ending<T>) => void,
  ) {
    this.#abortable = abortable;
    this.#done = done;
    this.#timer = wheel.add(timeoutMs, () => {
      this.#end({ kind: "timeout" });
      abortable.abort();
    });
    outcome
      .then((value) => this.#end({ kind: "value", value }))
      .then(undefined, (error: unknown) => this.#end({ kind: "error", error }));
  }

  readonly giveUp = (): void => {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer.cancel();
    this.#abortable.abort();
  };

  #end(ending: Ending<T>): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer.cancel();
    this.#done(ending);
  }
}
