import { type CallOptions, type CallOutcome, isResourceName } from "@holdfast/broker";
import { unreachable } from "@holdfast/broker/internal";
import type { Clock, Random } from "@holdfast/core";
import { type Failure, failure } from "@holdfast/protocol";
import { failureOf } from "../failures.js";
import type { Keys } from "../keys.js";
import type { RedisLimits } from "../limits.js";
import { callScript } from "../scripts/calls.js";
import { listOf, textOf } from "../servers/replies.js";
import type { Servers } from "../servers/servers.js";
import { type CallMessage, encodeCall, encodeEnd } from "./messages.js";

const idLength = 16;
const wrong = (field: string): Failure => failure("invalid_field", undefined, { field });

interface Waiting {
  settle(outcome: CallOutcome): void;
  /** Inboxes of the members that have the call; undefined while that is not known. */
  inboxes: readonly string[] | undefined;
  refusals: CallOutcome[];
}

/** What callers are made of. */
export interface CallersOptions {
  readonly servers: Servers;
  readonly keys: Keys;
  readonly limits: RedisLimits;
  readonly clock: Clock;
  readonly random: Random;
  /** The inbox for replies, once it is listened to; undefined: it is not in time. */
  readonly inbox: () => Promise<string | undefined>;
}

/** The calls a link waits for. */
export class Callers {
  readonly #options: CallersOptions;
  readonly #waiting = new Map<string, Waiting>();

  constructor(options: CallersOptions) {
    this.#options = options;
  }

  async call(subject: string, payload: Uint8Array, options: CallOptions): Promise<CallOutcome> {
    const refused = this.#judge(subject, payload, options);
    if (refused !== undefined) return refused;
    const { clock, random } = this.#options;
    const { timeoutMs, signal } = options;
    const id = random.id(idLength);
    const sent = Buffer.from(payload);
    return await new Promise((resolve) => {
      const unknown = { unknown: true };
      const give = (code: "timeout" | "cancelled") =>
        this.#settle(id, failure(code, undefined, unknown));
      const timer = clock.after(timeoutMs, () => give("timeout"));
      const cancel = () => give("cancelled");
      signal?.addEventListener("abort", cancel, { once: true });
      this.#waiting.set(id, {
        inboxes: undefined,
        refusals: [],
        settle: (outcome) => {
          timer.cancel();
          signal?.removeEventListener("abort", cancel);
          resolve(outcome);
        },
      });
      void this.#send(id, subject, sent, timeoutMs);
    });
  }

  onMessage(message: CallMessage): void {
    if (message.kind === "reply") this.#settle(message.id, { ok: true, payload: message.payload });
    if (message.kind !== "refusal") return;
    const waiting = this.#waiting.get(message.id);
    waiting?.refusals.push(message.failure);
    this.#judgeRefusals(message.id);
  }

  close(): void {
    const closed = failure("closed", "The link to the engine was closed.", { unknown: true });
    for (const id of [...this.#waiting.keys()]) this.#settle(id, closed);
  }

  async #send(id: string, subject: string, payload: Buffer, timeoutMs: number): Promise<void> {
    const { servers, keys, inbox } = this.#options;
    const replyTo = await inbox();
    if (replyTo === undefined) {
      this.#settle(id, unreachable());
      return;
    }
    if (!this.#waiting.has(id)) return;
    const publish = servers.sharded ? "SPUBLISH" : "PUBLISH";
    try {
      const call = encodeCall(id, replyTo, timeoutMs, subject, payload);
      const reply = await servers.run(callScript, [keys.services(subject)], [publish, call]);
      const members = listOf(reply).map(textOf);
      if (members.length === 0) {
        this.#settle(id, failure("no_responders"));
        return;
      }
      this.#given(
        id,
        members.map((member) => member.split(" ")[1] ?? ""),
      );
    } catch (error) {
      this.#settle(id, failureOf(error));
    }
  }

  #given(id: string, inboxes: readonly string[]): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) {
      // It was over before it was known who has it.
      this.#end(id, inboxes);
      return;
    }
    waiting.inboxes = inboxes;
    this.#judgeRefusals(id);
  }

  /** A refusal counts only when no other member can still reply. */
  #judgeRefusals(id: string): void {
    const waiting = this.#waiting.get(id);
    const last = waiting?.refusals.at(-1);
    if (waiting?.inboxes === undefined || last === undefined) return;
    if (waiting.refusals.length >= waiting.inboxes.length) this.#settle(id, last);
  }

  #settle(id: string, outcome: CallOutcome): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    waiting.settle(outcome);
    const alone = outcome.ok && waiting.inboxes?.length === 1;
    if (!alone) this.#end(id, waiting.inboxes ?? []);
  }

  #end(id: string, inboxes: readonly string[]): void {
    const { servers } = this.#options;
    const publish = servers.sharded ? "SPUBLISH" : "PUBLISH";
    for (const inbox of new Set(inboxes)) {
      // Unheard, it ends when its time runs out there.
      servers.command(publish, inbox, encodeEnd(id)).catch(() => {});
    }
  }

  #judge(subject: string, payload: Uint8Array, options: CallOptions): Failure | undefined {
    const { maxCallMs, maxCallBytes, maxOutstandingCalls } = this.#options.limits;
    const { timeoutMs, signal } = options;
    if (!isResourceName(subject)) return wrong("/subject");
    if (!(timeoutMs > 0 && timeoutMs <= maxCallMs)) return wrong("/timeoutMs");
    if (payload.length > maxCallBytes) return failure("too_large");
    if (signal?.aborted === true) return failure("cancelled");
    return this.#waiting.size >= maxOutstandingCalls ? failure("busy") : undefined;
  }
}
