import type { Clock, Timer } from "@holdfast/core";
import type { Msg, MsgHdrs, NatsConnection } from "@nats-io/transport-node";
import { StoreError } from "./errors.js";

/** What an inbox is made of. */
export interface InboxOptions {
  readonly connection: Pick<NatsConnection, "publish" | "subscribe">;
  readonly clock: Clock;
  /** Begins the subjects of answers; nobody else's. */
  readonly subject: string;
  readonly timeoutMs: number;
}

interface Waiting {
  readonly subject: string;
  readonly deadlineMs: number;
  readonly resolve: (message: Msg) => void;
  readonly reject: (error: StoreError) => void;
}

const noResponders = 503;

/**
 * Requests of which many are under way at a time: one subscription hears all answers, and one timer
 * knows the oldest request. The client library's own cost a timer and two errors each.
 */
export class Inbox {
  readonly #options: InboxOptions;
  /** By the last token of the answer's subject, oldest first. */
  readonly #waiting = new Map<string, Waiting>();
  #asked = 0;
  #timer: Timer | undefined;

  constructor(options: InboxOptions) {
    this.#options = options;
    options.connection.subscribe(`${options.subject}.*`, {
      // What goes wrong is told by silence, or to the whole connection.
      callback: (error, message) => {
        if (error === null) this.#heard(message);
      },
    });
  }

  /** Sends a request and gives its answer. Rejects with a StoreError; throws what the connection does. */
  ask(subject: string, body: string | Uint8Array, headers: MsgHdrs): Promise<Msg> {
    const { connection, clock, timeoutMs } = this.#options;
    this.#asked += 1;
    const token = this.#asked.toString(36);
    connection.publish(subject, body, { reply: `${this.#options.subject}.${token}`, headers });
    return new Promise((resolve, reject) => {
      const deadlineMs = clock.monoMs() + timeoutMs;
      this.#waiting.set(token, { subject, deadlineMs, resolve, reject });
      if (this.#timer === undefined) this.#wake(timeoutMs);
    });
  }

  /** Ends the requests under way: all, or those to a subject. */
  refuse(error: StoreError, subject?: string): void {
    for (const [token, waiting] of this.#waiting) {
      if (subject !== undefined && waiting.subject !== subject) continue;
      this.#waiting.delete(token);
      waiting.reject(error);
    }
  }

  close(): void {
    this.#timer?.cancel();
  }

  #heard(message: Msg): void {
    const token = message.subject.slice(this.#options.subject.length + 1);
    const waiting = this.#waiting.get(token);
    if (waiting === undefined) return;
    this.#waiting.delete(token);
    if (message.data.length === 0 && message.headers?.code === noResponders) {
      waiting.reject(new StoreError("refused", "nobody answers there", noResponders));
    } else waiting.resolve(message);
  }

  #wake(ms: number): void {
    this.#timer = this.#options.clock.after(ms, () => {
      this.#timer = undefined;
      this.#expire();
    });
  }

  #expire(): void {
    const nowMs = this.#options.clock.monoMs();
    for (const [token, waiting] of this.#waiting) {
      if (waiting.deadlineMs > nowMs) {
        this.#wake(waiting.deadlineMs - nowMs);
        return;
      }
      this.#waiting.delete(token);
      waiting.reject(new StoreError("unknown", "the answer did not come in time"));
    }
  }
}
