import {
  type CallHandler,
  type CallOutcome,
  isResourceName,
  type ServeOptions,
  type Serving,
} from "@holdfast/broker";
import { unreachable } from "@holdfast/broker/internal";
import type { Clock, Logger } from "@holdfast/core";
import { type Failure, failure } from "@holdfast/protocol";
import { failureOf } from "../failures.js";
import type { Keys } from "../keys.js";
import type { RedisLimits } from "../limits.js";
import type { Servers } from "../servers/servers.js";
import { type CallMessage, encodeRefusal, encodeReply } from "./messages.js";

interface Service {
  readonly subject: string;
  readonly field: string;
  readonly handler: CallHandler;
  readonly maxOutstanding: number;
  outstanding: number;
}

/** Services registered again in one go. */
const maxAgain = 1_000;

/** What services are made of. */
export interface ServicesOptions {
  readonly servers: Servers;
  readonly keys: Keys;
  readonly limits: RedisLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly gateway: string;
  /** The inbox of a partition's subjects, once it is listened to; undefined: it is not in time. */
  readonly inbox: (partition: number) => Promise<string | undefined>;
}

/** The subjects a link serves, and the calls it handles. */
export class Services {
  readonly #options: ServicesOptions;
  readonly #services = new Map<string, Service>();
  /** Calls being handled, by their id: two services of a link may have the same one. */
  readonly #handling = new Map<string, Set<AbortController>>();
  #count = 0;
  #againFrom = 0;

  constructor(options: ServicesOptions) {
    this.#options = options;
  }

  async serve(
    subject: string,
    group: string,
    handler: CallHandler,
    options: ServeOptions | undefined,
  ): Promise<Serving | Failure> {
    const { keys, limits, inbox } = this.#options;
    if (!isResourceName(subject)) return failure("invalid_field", undefined, { field: "/subject" });
    if (!isResourceName(group)) return failure("invalid_field", undefined, { field: "/group" });
    if (this.#services.size >= limits.maxServices) return failure("limit_exceeded");
    this.#count += 1;
    const number = String(this.#count);
    const name = await inbox(keys.partitionOf(subject));
    if (name === undefined) return unreachable();
    const maxOutstanding = options?.maxOutstanding ?? limits.maxOutstandingCalls;
    const field = `${group} ${name} ${number}`;
    const service = { subject, field, handler, maxOutstanding, outstanding: 0 };
    this.#services.set(number, service);
    try {
      await this.#register(service);
    } catch (error) {
      this.#services.delete(number);
      return failureOf(error);
    }
    return { ok: true, stop: () => this.#stop(number) };
  }

  onMessage(message: CallMessage): void {
    if (message.kind === "end") {
      for (const controller of this.#handling.get(message.id) ?? []) controller.abort();
    }
    if (message.kind !== "call") return;
    const service = this.#services.get(message.service);
    if (service === undefined) {
      // It stopped while the call was on its way.
      this.#answer(message.replyTo, encodeRefusal(message.id, failure("busy")));
    } else if (service.outstanding >= service.maxOutstanding) {
      const busy = failure("busy", "The service has too many calls at once.");
      this.#answer(message.replyTo, encodeRefusal(message.id, busy));
    } else void this.#handle(service, message);
  }

  /** Registers again, some at a time: a caller that found nobody listening has taken them out. */
  async again(all: boolean): Promise<void> {
    const services = [...this.#services.values()];
    const from = this.#againFrom < services.length ? this.#againFrom : 0;
    const some = all ? services : services.slice(from, from + maxAgain);
    this.#againFrom = from + maxAgain;
    await Promise.all(some.map((service) => this.#register(service)));
  }

  /** Takes everything out; what is being handled ends. */
  async close(reachable: boolean): Promise<void> {
    const services = [...this.#services.values()];
    this.#services.clear();
    for (const controllers of this.#handling.values()) {
      for (const controller of controllers) controller.abort();
    }
    this.#handling.clear();
    if (reachable) await Promise.all(services.map((service) => this.#remove(service)));
  }

  async #stop(number: string): Promise<void> {
    const service = this.#services.get(number);
    if (service === undefined) return;
    this.#services.delete(number);
    await this.#remove(service);
  }

  async #register({ subject, field }: Service): Promise<void> {
    const { servers, keys, limits } = this.#options;
    const key = keys.services(subject);
    await servers.command("HSET", key, field, "");
    // A subject whose services all died without a word is forgotten one day.
    await servers.command("PEXPIRE", key, limits.channelIdleMs);
  }

  async #remove({ subject, field }: Service): Promise<void> {
    const { servers, keys } = this.#options;
    // Unheard, the next caller finds that nobody listens.
    await servers.command("HDEL", keys.services(subject), field).catch(() => {});
  }

  async #handle(service: Service, call: CallMessage & { readonly kind: "call" }): Promise<void> {
    const controller = new AbortController();
    const controllers = this.#handling.get(call.id) ?? new Set();
    this.#handling.set(call.id, controllers.add(controller));
    const timer = this.#options.clock.after(call.timeoutMs, () => controller.abort());
    service.outstanding += 1;
    const outcome = await this.#carryOut(service, call, controller.signal);
    service.outstanding -= 1;
    timer.cancel();
    controllers.delete(controller);
    if (controllers.size === 0) this.#handling.delete(call.id);
    const { id, replyTo } = call;
    this.#answer(
      replyTo,
      outcome.ok ? encodeReply(id, outcome.payload) : encodeRefusal(id, outcome),
    );
  }

  async #carryOut(
    service: Service,
    { payload, timeoutMs }: CallMessage & { readonly kind: "call" },
    signal: AbortSignal,
  ): Promise<CallOutcome> {
    const { limits, logger, gateway } = this.#options;
    const { subject } = service;
    try {
      const reply = await service.handler({ subject, payload, timeoutMs, signal });
      if (reply.length > limits.maxCallBytes) return failure("too_large");
      return { ok: true, payload: reply };
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      logger.warn("call handler threw", { subject, gateway, message });
      return failure("call_failed", message);
    }
  }

  #answer(replyTo: string, message: Buffer): void {
    const { servers } = this.#options;
    const publish = servers.sharded ? "SPUBLISH" : "PUBLISH";
    // Lost, the caller's time runs out: it does not know what became of its call.
    servers.command(publish, replyTo, message).catch(() => {});
  }
}
