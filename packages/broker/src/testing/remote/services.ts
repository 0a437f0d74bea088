import type { CallHandler, CallOutcome, ServeOptions } from "../../contract/calls.js";
import type { Down, Operation, Up } from "./wire.js";

type Incoming = Extract<Down, { readonly type: "call" }>;

interface Service {
  readonly subject: string;
  readonly group: string;
  readonly handler: CallHandler;
  readonly options: ServeOptions | undefined;
}

/** What a gateway serves, at its own end: numbered, and said again to a new incarnation. */
export class RemoteServices {
  readonly #services = new Map<number, Service>();
  readonly #handling = new Map<number, AbortController>();
  #nextService = 1;

  /** Notes a service; gives the number it goes by. */
  add(service: Service): number {
    const number = this.#nextService;
    this.#nextService += 1;
    this.#services.set(number, service);
    return number;
  }

  remove(number: number): void {
    this.#services.delete(number);
  }

  /** What tells the engine of a service. */
  operation(number: number): Operation | undefined {
    const service = this.#services.get(number);
    if (service === undefined) return undefined;
    const { subject, group, options } = service;
    return { op: "serve", args: [number, subject, group, options] };
  }

  /** What tells a new incarnation of every service. */
  operations(): Operation[] {
    return [...this.#services.keys()].flatMap((number) => this.operation(number) ?? []);
  }

  /** Handles a call, and replies by `tell`. */
  async handle({ call, service, ...incoming }: Incoming, tell: (up: Up) => void): Promise<void> {
    const controller = new AbortController();
    this.#handling.set(call, controller);
    const outcome = await this.#carryOut(service, { ...incoming, signal: controller.signal });
    this.#handling.delete(call);
    tell({ type: "tell", op: "reply", args: [call, outcome] });
  }

  /** Nobody waits for the call any more. */
  cancel(call: number): void {
    this.#handling.get(call)?.abort();
  }

  /** Nobody waits for any: the connection they came by is gone. */
  cancelAll(): void {
    for (const controller of this.#handling.values()) controller.abort();
    this.#handling.clear();
  }

  clear(): void {
    this.#services.clear();
    this.cancelAll();
  }

  async #carryOut(
    number: number,
    call: Parameters<CallHandler>[0],
  ): Promise<Uint8Array | { readonly message: string }> {
    const service = this.#services.get(number);
    if (service === undefined) return { message: "the service has been stopped" };
    try {
      return await service.handler(call);
    } catch (error) {
      return { message: error instanceof Error ? error.message : String(error) };
    }
  }
}

/** The services of one gateway, at the engine's end: calls under way to it, by number. */
export class PendingCalls {
  readonly #pending = new Map<number, (reply: Uint8Array | { readonly message: string }) => void>();
  readonly #send: (down: Down) => void;
  #nextCall = 1;

  constructor(send: (down: Down) => void) {
    this.#send = send;
  }

  /** The handler that stands for the gateway's own. */
  handler(service: number): CallHandler {
    return ({ subject, payload, timeoutMs, signal }) => {
      const call = this.#nextCall;
      this.#nextCall += 1;
      return new Promise((resolve, reject) => {
        const cancel = () => {
          this.#pending.delete(call);
          this.#send({ type: "cancel", call });
          reject(new Error("given up"));
        };
        signal.addEventListener("abort", cancel, { once: true });
        this.#pending.set(call, (reply) => {
          signal.removeEventListener("abort", cancel);
          this.#pending.delete(call);
          if (reply instanceof Uint8Array) resolve(reply);
          else reject(new Error(reply.message));
        });
        this.#send({ type: "call", call, service, subject, payload, timeoutMs });
      });
    };
  }

  reply(call: number, reply: Uint8Array | { readonly message: string }): void {
    this.#pending.get(call)?.(reply);
  }
}

/** The calls a gateway waits for, at the engine's end: what it can give up by number. */
export class OutgoingCalls {
  readonly #controllers = new Map<number, AbortController>();

  async make(
    number: number,
    call: (signal: AbortSignal) => Promise<CallOutcome>,
  ): Promise<CallOutcome> {
    const controller = new AbortController();
    this.#controllers.set(number, controller);
    const outcome = await call(controller.signal);
    this.#controllers.delete(number);
    return outcome;
  }

  cancel(number: number): void {
    this.#controllers.get(number)?.abort();
  }
}
