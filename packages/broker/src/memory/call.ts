import type { Clock, Logger } from "@holdfast/core";
import { failure } from "@holdfast/protocol";
import type { CallHandler, CallOutcome } from "../contract/calls.js";
import type { Relay } from "./fan-out.js";
import type { MemoryLimits } from "./options.js";
import type { CallParty, ServiceMember } from "./services.js";

/** What calls need of their engine. */
export interface CallContext {
  readonly limits: MemoryLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Carries calls to members and replies to callers. */
  readonly relay: Relay;
}

const textOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** One call on its way: to one member of each group, and back. */
export class Call {
  /** Settles once, with the first reply or with why there is none. */
  readonly outcome: Promise<CallOutcome>;
  readonly #context: CallContext;
  readonly #caller: CallParty;
  readonly #subject: string;
  /** Of the members that handle it now. */
  readonly #handling = new Set<AbortController>();
  #waiting: number;
  #settle: ((outcome: CallOutcome) => void) | undefined;

  constructor(context: CallContext, caller: CallParty, subject: string, members: number) {
    this.#context = context;
    this.#caller = caller;
    this.#subject = subject;
    this.#waiting = members;
    this.outcome = new Promise((resolve) => {
      this.#settle = resolve;
    });
  }

  /** Ends the call for its caller, and tells those who handle it that nobody waits any more. */
  settle(outcome: CallOutcome): void {
    const settle = this.#settle;
    if (settle === undefined) return;
    this.#settle = undefined;
    settle(outcome);
    for (const controller of this.#handling) controller.abort();
  }

  handOver(member: ServiceMember, payload: Uint8Array, untilMs: number): void {
    this.#context.relay({ gateway: member.owner.gateway, channel: this.#subject }, () => {
      // Given up before it arrived: nobody waits for it.
      if (this.#settle === undefined || !member.owner.open) return;
      if (member.outstanding < member.maxOutstanding) void this.#handle(member, payload, untilMs);
      else this.#reply(member, failure("busy", "The service has too many calls at once."));
    });
  }

  async #handle(member: ServiceMember, payload: Uint8Array, untilMs: number): Promise<void> {
    const controller = new AbortController();
    const call = {
      subject: this.#subject,
      payload: payload.slice(),
      timeoutMs: untilMs - this.#context.clock.monoMs(),
      signal: controller.signal,
    };
    this.#handling.add(controller);
    member.outstanding += 1;
    const outcome = await this.#carryOut(member, call);
    member.outstanding -= 1;
    this.#handling.delete(controller);
    this.#reply(member, outcome);
  }

  async #carryOut(member: ServiceMember, call: Parameters<CallHandler>[0]): Promise<CallOutcome> {
    try {
      const payload = await member.handler(call);
      if (payload.length > this.#context.limits.maxCallBytes) return failure("too_large");
      return { ok: true, payload: payload.slice() };
    } catch (error) {
      const message = textOf(error);
      const { subject } = call;
      const { gateway } = member.owner;
      this.#context.logger.warn("call handler threw", { subject, gateway, message });
      return failure("call_failed", message);
    }
  }

  /** The first reply counts; a refusal only when no other member can still reply. */
  #reply({ owner }: ServiceMember, outcome: CallOutcome): void {
    if (!owner.open) return;
    const { relay } = this.#context;
    const channel = this.#subject;
    relay({ gateway: owner.gateway, channel }, () => {
      relay({ gateway: this.#caller.gateway, channel }, () => {
        this.#waiting -= 1;
        if (outcome.ok || this.#waiting === 0) this.settle(outcome);
      });
    });
  }
}
