import { type CallOptions, type CallOutcome, isResourceName } from "@holdfast/broker";
import { closed } from "@holdfast/broker/internal";
import { type Failure, failure } from "@holdfast/protocol";
import type { Msg } from "@nats-io/transport-node";
import { failureOf, wrong } from "../failures.js";
import type { Parts } from "../parts.js";
import type { Unsubscribe } from "../servers/connection.js";
import { callHeaders, headerNames, kindOf } from "./messages.js";

const idLength = 16;

interface Waiting {
  settle(outcome: CallOutcome): void;
  /** Links that have the call and have not answered. */
  readonly takers: Map<string, string>;
  refused: CallOutcome | undefined;
}

/** The calls a link waits for. */
export class Callers {
  readonly #parts: Parts;
  readonly #inbox: string;
  readonly #waiting = new Map<string, Waiting>();
  #stop: Unsubscribe | undefined;

  /** `inbox` begins the subjects that replies come by; it is this link's own. */
  constructor(parts: Parts, inbox: string) {
    this.#parts = parts;
    this.#inbox = inbox;
  }

  async call(subject: string, payload: Uint8Array, options: CallOptions): Promise<CallOutcome> {
    const refused = this.#judge(subject, payload, options);
    if (refused !== undefined) return refused;
    const { clock, random, commands, subjects } = this.#parts;
    const { timeoutMs, signal } = options;
    const id = random.id(idLength);
    this.#stop ??= commands.hear(`${this.#inbox}.*`, (message) => this.#onReply(message));
    return await new Promise((resolve) => {
      const give = (code: "timeout" | "cancelled") =>
        this.#settle(id, failure(code, undefined, { unknown: true }));
      const timer = clock.after(timeoutMs, () => give("timeout"));
      const cancel = () => give("cancelled");
      signal?.addEventListener("abort", cancel, { once: true });
      this.#waiting.set(id, {
        takers: new Map(),
        refused: undefined,
        settle: (outcome) => {
          timer.cancel();
          signal?.removeEventListener("abort", cancel);
          resolve(outcome);
        },
      });
      try {
        const headers = callHeaders(timeoutMs);
        commands.tell(subjects.call(subject), payload.slice(), `${this.#inbox}.${id}`, headers);
      } catch (error) {
        this.#settle(id, failureOf(error));
      }
    });
  }

  close(): void {
    const ended: Failure = { ...closed(), unknown: true };
    for (const id of [...this.#waiting.keys()]) this.#settle(id, ended);
    this.#stop?.();
  }

  #onReply(message: Msg): void {
    const id = message.subject.slice(message.subject.lastIndexOf(".") + 1);
    const waiting = this.#waiting.get(id);
    if (message.headers?.code === 503) {
      this.#settle(id, failure("no_responders"));
      return;
    }
    const member = message.headers?.get(headerNames.member) ?? "";
    const link = message.headers?.get(headerNames.link) ?? "";
    switch (kindOf(message)) {
      case "taken":
        if (waiting === undefined) this.#end(id, [link]);
        else waiting.takers.set(member, link);
        return;
      case "reply":
        waiting?.takers.delete(member);
        this.#settle(id, { ok: true, payload: new Uint8Array(message.data) });
        return;
      case "refusal":
        if (waiting === undefined) return;
        waiting.takers.delete(member);
        waiting.refused = JSON.parse(message.string());
        void this.#refuse(id);
        return;
    }
  }

  /** A refusal counts only when no other member has the call; one may have taken it this very moment. */
  async #refuse(id: string): Promise<void> {
    const { commands, limits } = this.#parts;
    await commands.flushed(limits.commandTimeoutMs);
    const waiting = this.#waiting.get(id);
    if (waiting?.refused === undefined || waiting.takers.size > 0) return;
    this.#settle(id, waiting.refused);
  }

  #settle(id: string, outcome: CallOutcome): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    waiting.settle(outcome);
    this.#end(id, waiting.takers.values());
  }

  #end(id: string, links: Iterable<string>): void {
    const { commands, subjects } = this.#parts;
    for (const link of new Set(links)) {
      try {
        commands.tell(subjects.ended(link), id);
      } catch {
        // Unheard, it ends when its time runs out there.
      }
    }
  }

  #judge(subject: string, payload: Uint8Array, options: CallOptions): Failure | undefined {
    const { maxCallMs, maxCallBytes, maxOutstandingCalls } = this.#parts.limits;
    const { timeoutMs, signal } = options;
    if (!isResourceName(subject)) return wrong("/subject");
    if (!(timeoutMs > 0 && timeoutMs <= maxCallMs)) return wrong("/timeoutMs");
    if (payload.length > maxCallBytes) return failure("too_large");
    if (signal?.aborted === true) return failure("cancelled");
    return this.#waiting.size >= maxOutstandingCalls ? failure("busy") : undefined;
  }
}
