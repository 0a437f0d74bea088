import type { Connected, DownMessage, Failure, UpMessage } from "@holdfast/protocol";
import { type HoldfastError, unsendable } from "../errors.js";
import { failure } from "../failures.js";
import type { Settings } from "../options.js";
import { Alarm } from "../socket/alarm.js";

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
  /** The open session, if there is one. */
  readonly connected: Connected | undefined;
  /** Bytes handed to the socket and not yet on the network. */
  readonly bufferedBytes: number;
  /** Connects, if nothing has yet. */
  start(): void;
  send(message: UpMessage | DownMessage): boolean;
  /** The answer to what was sent at `sentMs` did not come in time: a silent gateway has to show that it is there. */
  late(sentMs: number): void;
  /** Gives the connection up, so that the next one resumes whole. */
  drop(reason: string): void;
  /** Ends for good. */
  close(error: HoldfastError): void;
}

interface Outstanding {
  readonly onAnswer: (answer: Answer) => void;
  readonly sentMs: number;
}

const maxId = 0xffff_ffff;

/** Time between looks at a socket that holds too much; WebSocket has no event for it. */
const drainPollMs = 20;

/** Requests on the open connection by their number. Whoever asks bounds how many there are. */
export class Requests {
  readonly #wire: Wire;
  readonly #settings: Settings;
  readonly #onReady: () => void;
  readonly #outstanding = new Map<number, Outstanding>();
  readonly #poll: Alarm;
  #lastId = 0;

  /** `onReady`: what had to wait for the socket to drain may be sent now. */
  constructor(wire: Wire, settings: Settings, onReady: () => void) {
    this.#wire = wire;
    this.#settings = settings;
    this.#onReady = onReady;
    this.#poll = new Alarm(settings);
  }

  /**
   * Whether something can be sent now. If not, a connection is made or the socket is watched until
   * it has drained, and `onReady` follows; until then nobody overtakes what waits.
   */
  canSend(): boolean {
    const wire = this.#wire;
    if (wire.connected === undefined) {
      wire.start();
      return false;
    }
    if (this.#poll.waiting) return false;
    if (wire.bufferedBytes <= this.#settings.maxBufferedBytes) return true;
    this.#poll.after(drainPollMs, () => {
      if (this.canSend()) this.#onReady();
    });
    return false;
  }

  /**
   * Sends a request; `undefined` where it cannot be sent now. What is `small` and ends something
   * goes to a full socket too. The answer never comes when the connection is lost first: every
   * asker hears of that by itself. Throws what the codec and the connection throw.
   */
  send(
    build: (id: number) => UpMessage,
    onAnswer: (answer: Answer) => void,
    small = false,
  ): number | undefined {
    if (!small && !this.canSend()) return undefined;
    do this.#lastId = (this.#lastId % maxId) + 1;
    while (this.#outstanding.has(this.#lastId));
    const id = this.#lastId;
    if (!this.#wire.send(build(id))) return undefined;
    this.#outstanding.set(id, { onAnswer, sentMs: this.#settings.clock.monoMs() });
    return id;
  }

  /** As `send`; what can never be sent is answered at once with the reason. */
  put(
    build: (id: number) => UpMessage,
    onAnswer: (answer: Answer) => void,
    small?: boolean,
  ): number | undefined {
    try {
      return this.send(build, onAnswer, small);
    } catch (cause) {
      onAnswer(unsendable(cause));
      return undefined;
    }
  }

  /** The answer did not come in time. */
  late(id: number): void {
    const sentMs = this.#outstanding.get(id)?.sentMs;
    if (sentMs !== undefined) this.#wire.late(sentMs);
  }

  /** The answer is no longer wanted. */
  forget(id: number): void {
    this.#outstanding.delete(id);
  }

  /** Hands a reply to its asker; false when nobody asked. */
  handle(message: DownMessage): boolean {
    const { id = 0 } = message as { readonly id?: number };
    const onAnswer = this.#outstanding.get(id)?.onAnswer;
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
    this.#poll.cancel();
  }
}
