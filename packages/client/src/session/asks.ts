import type { Clock, Random, Timer } from "@holdfast/core";
import type { Failure, UpMessage } from "@holdfast/protocol";
import { unsendable } from "../errors.js";
import { failure } from "../failures.js";
import { Backoff } from "../socket/backoff.js";
import type { Answer, Requests } from "./requests.js";

/** How a question is put. */
export interface AskOptions {
  readonly timeoutMs: number;
  /** Asking twice does no harm: ask again after a lost connection or a passing refusal. */
  readonly repeatable: boolean;
  readonly signal?: AbortSignal | undefined;
  /** Tells the gateway that the answer to `id` is no longer wanted. */
  readonly cancel?: (id: number) => void;
}

interface Ask {
  readonly build: (id: number) => UpMessage;
  readonly options: AskOptions;
  readonly settle: (answer: Answer) => void;
  readonly backoff: Backoff;
  id: number | undefined;
  sent: boolean;
  retry: Timer | undefined;
}

/** Questions of the application: calls, history, presence. They wait while away, up to a bound. */
export class Asks {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #requests: Requests;
  readonly #max: number;
  readonly #pending = new Set<Ask>();
  /** Why nothing will be answered any more. */
  #closed: Failure | undefined;

  constructor(deps: {
    clock: Clock;
    random: Random;
    requests: Requests;
    maxQueuedMessages: number;
  }) {
    this.#clock = deps.clock;
    this.#random = deps.random;
    this.#requests = deps.requests;
    this.#max = deps.maxQueuedMessages;
  }

  /** Settles with the answer or a failure; never rejects. */
  ask(build: (id: number) => UpMessage, options: AskOptions): Promise<Answer> {
    if (this.#closed !== undefined) return Promise.resolve(this.#closed);
    if (options.signal?.aborted) return Promise.resolve(failure("cancelled"));
    if (this.#pending.size >= this.#max) return Promise.resolve(failure("queue_full"));
    return new Promise((resolve) => {
      const giveUp = (code: "timeout" | "cancelled") => {
        if (ask.id !== undefined) options.cancel?.(ask.id);
        ask.settle(failure(code, undefined, ask.sent ? { unknown: true } : {}));
      };
      const onAbort = () => giveUp("cancelled");
      const timer = this.#clock.after(options.timeoutMs, () => giveUp("timeout"));
      const settle = (answer: Answer) => {
        this.#pending.delete(ask);
        timer.cancel();
        ask.retry?.cancel();
        options.signal?.removeEventListener("abort", onAbort);
        if (ask.id !== undefined) this.#requests.forget(ask.id);
        resolve(answer);
      };
      const backoff = new Backoff(this.#random, 250, 5000);
      const ask: Ask = {
        build,
        options,
        settle,
        backoff,
        id: undefined,
        sent: false,
        retry: undefined,
      };
      this.#pending.add(ask);
      options.signal?.addEventListener("abort", onAbort);
      this.#send(ask);
    });
  }

  opened(): void {
    for (const ask of [...this.#pending]) this.#send(ask);
  }

  lost(): void {
    for (const ask of [...this.#pending]) {
      ask.retry?.cancel();
      if (ask.id === undefined) continue;
      ask.id = undefined;
      if (!ask.options.repeatable) {
        ask.settle(failure("connection_lost", undefined, { unknown: true }));
      }
    }
  }

  closed(reason: Failure): void {
    this.#closed = reason;
    for (const ask of [...this.#pending]) {
      ask.settle(ask.sent ? { ...reason, unknown: true } : reason);
    }
  }

  #send(ask: Ask): void {
    ask.retry?.cancel();
    // Asked on this connection already, by whoever heard first that it is open.
    if (ask.id !== undefined) return;
    try {
      ask.id = this.#requests.send(ask.build, (answer) => this.#answered(ask, answer));
      ask.sent ||= ask.id !== undefined;
    } catch (cause) {
      ask.settle(unsendable(cause));
    }
  }

  #answered(ask: Ask, answer: Answer): void {
    ask.id = undefined;
    if (answer.ok || !answer.retryable || !ask.options.repeatable) {
      ask.settle(answer);
      return;
    }
    ask.retry = this.#clock.after(ask.backoff.next(answer), () => this.#send(ask));
  }
}
