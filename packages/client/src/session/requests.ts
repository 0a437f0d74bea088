import type { DownMessage, Failure, UpMessage } from "@holdfast/protocol";
import { failure } from "../failures.js";

/** The gateway's reply, or its refusal. */
export type Answer = { readonly ok: true; readonly message: DownMessage } | Failure;

type Message<Type extends DownMessage["type"]> = Extract<DownMessage, { type: Type }>;

/** The answer, if it is of the kind asked for. */
export function answerOf<Type extends DownMessage["type"]>(
  answer: Answer,
  type: Type,
): { readonly ok: true; readonly message: Message<Type> } | Failure {
  if (!answer.ok) return answer;
  const { message } = answer;
  return isA(message, type) ? { ok: true, message } : failure("internal");
}

function isA<Type extends DownMessage["type"]>(
  message: DownMessage,
  type: Type,
): message is Message<Type> {
  return message.type === type;
}

/** What the session needs of the link. */
export interface Wire {
  send(message: UpMessage | DownMessage): boolean;
}

const maxId = 0xffff_ffff;

/** Requests on the open connection by their number. Whoever asks bounds how many there are. */
export class Requests {
  readonly #wire: Wire;
  readonly #outstanding = new Map<number, (answer: Answer) => void>();
  #lastId = 0;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /**
   * Sends a request; `undefined` when there is no open connection. The answer never comes when
   * the connection is lost first: every asker hears of that by itself.
   */
  send(build: (id: number) => UpMessage, onAnswer: (answer: Answer) => void): number | undefined {
    do this.#lastId = (this.#lastId % maxId) + 1;
    while (this.#outstanding.has(this.#lastId));
    const id = this.#lastId;
    if (!this.#wire.send(build(id))) return undefined;
    this.#outstanding.set(id, onAnswer);
    return id;
  }

  /** The answer is no longer wanted. */
  forget(id: number): void {
    this.#outstanding.delete(id);
  }

  /** Hands a reply to its asker; false when nobody asked. */
  handle(message: DownMessage): boolean {
    const { id = 0 } = message as { readonly id?: number };
    const onAnswer = this.#outstanding.get(id);
    if (onAnswer === undefined) return false;
    this.#outstanding.delete(id);
    if (message.type === "error") {
      const { type, id: _, channel, ...reason } = message;
      onAnswer({ ...reason, ok: false });
    } else onAnswer({ ok: true, message });
    return true;
  }

  /** The connection is gone and with it every answer. */
  lost(): void {
    this.#outstanding.clear();
  }
}
