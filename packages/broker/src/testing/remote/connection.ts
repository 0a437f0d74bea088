import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { type Failure, failure } from "@holdfast/protocol";
import { type Down, type Operation, receiveFrames, sendFrame, type Up } from "./wire.js";

/** Patience for an answer of the engine. */
const answerTimeoutMs = 5_000;
/** Patience for the engine to take a connection. */
const openTimeoutMs = 5_000;
/** Operations that may wait for an answer at once. */
const maxPending = 100_000;

/** What the engine's process says of itself. */
export type Told = Extract<Down, { readonly type: "event" | "call" | "cancel" }>;

const isTold = (message: Down): message is Told =>
  message.type === "event" || message.type === "call" || message.type === "cancel";

type Settle = (value: unknown) => void;

/** One socket to the engine's process, from its opening to its end. */
export class Connection {
  readonly #socket: Socket;
  readonly #onTold: (told: Told) => void;
  readonly #pending = new Map<number, Settle>();
  readonly #greetings: ((message: Down) => void)[] = [];
  #nextId = 1;
  #open = true;

  private constructor(socket: Socket, onTold: (told: Told) => void, onEnd: () => void) {
    this.#socket = socket;
    this.#onTold = onTold;
    socket.setNoDelay();
    receiveFrames<Down>(socket, (message) => this.#take(message));
    socket.on("close", () => {
      this.#open = false;
      const lost = failure("unavailable", "The engine's connection ended.", { unknown: true });
      for (const settle of [...this.#pending.values()]) settle(lost);
      onEnd();
    });
  }

  /** Rejects when nobody takes the connection in time. */
  static async open(
    port: number,
    onTold: (told: Told) => void,
    onEnd: () => void,
  ): Promise<Connection> {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => socket.destroy());
    try {
      await once(socket, "connect", { signal: AbortSignal.timeout(openTimeoutMs) });
    } catch (cause) {
      socket.destroy();
      throw new Error("The engine's process cannot be reached.", { cause });
    }
    return new Connection(socket, onTold, onEnd);
  }

  /** Says something that is answered by one message, which is not an `answer`. */
  greet<Type extends Down["type"]>(
    message: Up,
    expected: Type,
  ): Promise<Extract<Down, { type: Type }>> {
    return new Promise((resolve, reject) => {
      const refuse = () => reject(new Error("The engine's process did not answer."));
      const timer = setTimeout(refuse, openTimeoutMs);
      this.#socket.once("close", refuse);
      this.#greetings.push((answer) => {
        clearTimeout(timer);
        this.#socket.off("close", refuse);
        if (answer.type === expected) resolve(answer as Extract<Down, { type: Type }>);
        else reject(new Error(`The engine's process said ${answer.type}, not ${expected}.`));
      });
      this.tell(message);
    });
  }

  /** Asks for an operation; without an answer in time the outcome is unknown. */
  ask<T>(operation: Operation, patienceMs = answerTimeoutMs): Promise<T | Failure> {
    if (!this.#open) return Promise.resolve(failure("unavailable"));
    if (this.#pending.size >= maxPending) return Promise.resolve(failure("busy"));
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve) => {
      const settle: Settle = (value) => {
        this.#pending.delete(id);
        clearTimeout(timer);
        resolve(value as T);
      };
      const late = failure("timeout", undefined, { unknown: true });
      const timer = setTimeout(() => settle(late), patienceMs);
      this.#pending.set(id, settle);
      this.tell({ type: "ask", id, ...operation });
    });
  }

  tell(message: Up): void {
    sendFrame(this.#socket, message);
  }

  /** Ends the socket without a word. */
  cut(): void {
    this.#socket.destroy();
  }

  #take(message: Down): void {
    if (message.type === "answer") this.#pending.get(message.id)?.(message.value);
    else if (isTold(message)) this.#onTold(message);
    else this.#greetings.shift()?.(message);
  }
}
