import {
  type CallHandler,
  type CallOutcome,
  isResourceName,
  type ServeOptions,
  type Serving,
} from "@holdfast/broker";
import { unreachable } from "@holdfast/broker/internal";
import { type Failure, failure } from "@holdfast/protocol";
import type { Msg } from "@nats-io/transport-node";
import { wrong } from "../failures.js";
import type { Parts } from "../parts.js";
import type { Unsubscribe } from "../servers/connection.js";
import { tokenOf } from "../subjects.js";
import { headerNames, type ReplyKind, replyHeaders } from "./messages.js";

interface Service {
  readonly subject: string;
  readonly member: string;
  readonly handler: CallHandler;
  readonly maxOutstanding: number;
  outstanding: number;
  stop: Unsubscribe;
}

/** The subjects a link serves, as members of queue groups, and the calls it handles. */
export class Services {
  readonly #parts: Parts;
  readonly #link: string;
  readonly #services = new Map<string, Service>();
  /** Calls being handled, by their id: two services of a link may have the same one. */
  readonly #handling = new Map<string, Set<AbortController>>();
  #stopEnded: Unsubscribe | undefined;
  #count = 0;

  constructor(parts: Parts, link: string) {
    this.#parts = parts;
    this.#link = link;
  }

  async serve(
    subject: string,
    group: string,
    handler: CallHandler,
    options: ServeOptions | undefined,
  ): Promise<Serving | Failure> {
    const { commands, limits, subjects } = this.#parts;
    if (!isResourceName(subject)) return wrong("/subject");
    if (!isResourceName(group)) return wrong("/group");
    if (this.#services.size >= limits.maxServices) return failure("limit_exceeded");
    this.#stopEnded ??= commands.hear(subjects.ended(this.#link), (message) => {
      for (const controller of this.#handling.get(message.string()) ?? []) controller.abort();
    });
    this.#count += 1;
    const service: Service = {
      subject,
      member: `${this.#link}.${this.#count}`,
      handler,
      maxOutstanding: options?.maxOutstanding ?? limits.maxOutstandingCalls,
      outstanding: 0,
      stop: () => {},
    };
    const hearer = (message: Msg) => this.#onCall(service, message);
    service.stop = commands.hear(subjects.call(subject), hearer, tokenOf(group));
    this.#services.set(service.member, service);
    if (!(await commands.flushed(limits.commandTimeoutMs))) {
      this.#remove(service);
      return unreachable();
    }
    return { ok: true, stop: () => this.#stop(service) };
  }

  /** Takes everything out; what is being handled ends. */
  async close(): Promise<void> {
    for (const service of [...this.#services.values()]) this.#remove(service);
    this.#stopEnded?.();
    for (const controllers of this.#handling.values()) {
      for (const controller of controllers) controller.abort();
    }
    this.#handling.clear();
    await this.#parts.commands.flushed(this.#parts.limits.commandTimeoutMs);
  }

  async #stop(service: Service): Promise<void> {
    this.#remove(service);
    await this.#parts.commands.flushed(this.#parts.limits.commandTimeoutMs);
  }

  #remove(service: Service): void {
    if (this.#services.delete(service.member)) service.stop();
  }

  #onCall(service: Service, message: Msg): void {
    const { reply } = message;
    if (reply === undefined) return;
    if (service.outstanding >= service.maxOutstanding) {
      const busy = failure("busy", "The service has too many calls at once.");
      this.#answer(service, reply, "refusal", JSON.stringify(busy));
      return;
    }
    this.#answer(service, reply, "taken", "");
    void this.#handle(service, reply, message);
  }

  async #handle(service: Service, reply: string, message: Msg): Promise<void> {
    const id = reply.slice(reply.lastIndexOf(".") + 1);
    const timeoutMs = Number(message.headers?.get(headerNames.timeout) ?? 0);
    const controller = new AbortController();
    const controllers = this.#handling.get(id) ?? new Set();
    this.#handling.set(id, controllers.add(controller));
    const timer = this.#parts.clock.after(timeoutMs, () => controller.abort());
    service.outstanding += 1;
    const payload = new Uint8Array(message.data);
    const outcome = await this.#carryOut(service, payload, timeoutMs, controller.signal);
    service.outstanding -= 1;
    timer.cancel();
    controllers.delete(controller);
    if (controllers.size === 0) this.#handling.delete(id);
    if (outcome.ok) this.#answer(service, reply, "reply", outcome.payload);
    else this.#answer(service, reply, "refusal", JSON.stringify(outcome));
  }

  async #carryOut(
    { subject, handler }: Service,
    payload: Uint8Array,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<CallOutcome> {
    const { limits, logger, gateway } = this.#parts;
    try {
      const reply = await handler({ subject, payload, timeoutMs, signal });
      if (reply.length > limits.maxCallBytes) return failure("too_large");
      return { ok: true, payload: reply };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      logger.warn("call handler threw", { subject, gateway, message });
      return failure("call_failed", message);
    }
  }

  #answer(service: Service, reply: string, kind: ReplyKind, body: string | Uint8Array): void {
    try {
      const headers = replyHeaders(kind, service.member, this.#link);
      this.#parts.commands.tell(reply, body, undefined, headers);
    } catch {
      // Lost, the caller's time runs out: it does not know what became of its call.
    }
  }
}
