import { type Head, isFailure } from "@holdfast/broker";
import type { Failure } from "@holdfast/protocol";
import { ask } from "./ask.js";
import type { HubContext } from "./context.js";

type Waiting = (head: Head | Failure) => void;

/**
 * A channel's newest position as the engine has it. The relay may be behind, so what a gateway
 * remembers is no answer to somebody who was told of a later entry elsewhere. Everyone who asks
 * while a read is under way shares the next one: an answer is never older than its question.
 */
export class CurrentHead {
  readonly #channel: string;
  readonly #context: HubContext;
  #waiting: Waiting[] = [];
  #reading = false;

  constructor(channel: string, context: HubContext) {
    this.#channel = channel;
    this.#context = context;
  }

  /** Calls back once, at once where the engine answers at once. */
  read(callback: Waiting): void {
    this.#waiting.push(callback);
    if (!this.#reading) this.#next();
  }

  #next(): void {
    const asked = this.#waiting;
    this.#waiting = [];
    this.#reading = true;
    ask(
      () => this.#context.link.heads([this.#channel]),
      (heads) => {
        this.#reading = false;
        for (const callback of asked) callback(headOf(heads));
        if (this.#waiting.length > 0 && !this.#reading) this.#next();
      },
    );
  }
}

function headOf(heads: readonly Head[] | Failure): Head | Failure {
  if (isFailure(heads)) return heads;
  const [head] = heads;
  if (head === undefined)
    throw new Error("the engine answered without the head that was asked for");
  return head;
}
