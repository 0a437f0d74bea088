import type { Failure, UpMessage } from "@holdfast/protocol";
import { failure, unsure } from "../failures.js";
import { Backoff } from "../socket/backoff.js";
import type { Answer } from "./requests.js";
import type { Shared } from "./shared.js";

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
  readonly repeatable: boolean;
  readonly settle: (answer: Answer) => void;
  readonly backoff: Backoff;
  id: number | undefined;
  sent: boolean;
}

/** Questions of the application: calls, history, presence. They wait while away, up to a bound. */
export class Asks {
  readonly #shared: Shared;
  readonly #pending = new Set<Ask>();
  /** Why nothing will be answered any more. */
  #closed: Failure | undefined;

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  /** Settles with the answer or a failure; never rejects. */
  async ask(build: (id: number) => UpMessage, options: AskOptions): Promise<Answer> {
    const { settings, requests } = this.#shared;
    const { timeoutMs, repeatable, signal, cancel } = options;
    if (this.#closed !== undefined) return this.#closed;
    if (signal?.aborted) return failure("cancelled");
    if (this.#pending.size >= settings.maxQueuedMessages) return failure("queue_full");
    return new Promise((resolve) => {
      const giveUp = (code: "timeout" | "cancelled") => {
        if (ask.id !== undefined) cancel?.(ask.id);
        settle(unsure(failure(code), ask.sent));
      };
      const onAbort = () => giveUp("cancelled");
      const timer = settings.clock.after(timeoutMs, () => {
        if (ask.id !== undefined) requests.late(ask.id);
        giveUp("timeout");
      });
      const settle = (answer: Answer) => {
        this.#pending.delete(ask);
        timer.cancel();
        ask.backoff.cancel();
        signal?.removeEventListener("abort", onAbort);
        if (ask.id !== undefined) requests.forget(ask.id);
        resolve(answer);
      };
      const backoff = new Backoff(settings, 250, 5000);
      const ask: Ask = { build, repeatable, settle, backoff, id: undefined, sent: false };
      this.#pending.add(ask);
      signal?.addEventListener("abort", onAbort);
      this.#send(ask);
    });
  }

  /** Sends what waits to be sent. */
  pump(): void {
    for (const ask of [...this.#pending]) if (!ask.backoff.waiting) this.#send(ask);
  }

  lost(): void {
    for (const ask of [...this.#pending]) {
      ask.backoff.cancel();
      if (ask.id === undefined) continue;
      ask.id = undefined;
      if (!ask.repeatable) ask.settle(unsure(failure("connection_lost")));
    }
  }

  closed(reason: Failure): void {
    this.#closed = reason;
    for (const ask of [...this.#pending]) ask.settle(unsure(reason, ask.sent));
  }

  #send(ask: Ask): void {
    // Asked on this connection already.
    if (ask.id !== undefined) return;
    ask.id = this.#shared.requests.put(ask.build, (answer) => this.#answered(ask, answer));
    ask.sent ||= ask.id !== undefined;
  }

  #answered(ask: Ask, answer: Answer): void {
    ask.id = undefined;
    if (answer.ok || !answer.retryable || !ask.repeatable) ask.settle(answer);
    else ask.backoff.retry(() => this.#send(ask), answer);
  }
}
