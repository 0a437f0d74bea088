import { type Failure, failure } from "@holdfast/protocol";
import type {
  CallHandler,
  CallOptions,
  CallOutcome,
  ServeOptions,
  Serving,
} from "../contract/calls.js";
import { isResourceName } from "../contract/names.js";
import { Call, type CallContext } from "./call.js";
import { type CallParty, Services } from "./services.js";

const wrongField = (field: string): Failure => failure("invalid_field", undefined, { field });

/** Calls between the links of one engine. */
export class Calls {
  readonly #context: CallContext;
  readonly #services = new Services();
  readonly #outstanding = new Map<CallParty, Set<Call>>();

  constructor(context: CallContext) {
    this.#context = context;
  }

  serve(
    owner: CallParty,
    subject: string,
    group: string,
    handler: CallHandler,
    options: ServeOptions | undefined,
  ): Serving | Failure {
    const { limits } = this.#context;
    if (!isResourceName(subject)) return wrongField("/subject");
    if (!isResourceName(group)) return wrongField("/group");
    if (this.#services.count(owner) >= limits.maxServices) return failure("limit_exceeded");
    const maxOutstanding = options?.maxOutstanding ?? limits.maxOutstandingCalls;
    const member = { owner, handler, maxOutstanding, outstanding: 0 };
    return { ok: true, stop: this.#services.add(subject, group, member) };
  }

  call(
    caller: CallParty,
    subject: string,
    payload: Uint8Array,
    options: CallOptions,
  ): Promise<CallOutcome> {
    const refused = this.#judge(caller, subject, payload, options);
    if (refused !== undefined) return Promise.resolve(refused);
    const members = this.#services.pick(subject);
    if (members.length === 0) return Promise.resolve(failure("no_responders"));
    const call = new Call(this.#context, caller, subject, members.length);
    this.#follow(caller, call, options);
    const untilMs = this.#context.clock.monoMs() + options.timeoutMs;
    const sent = payload.slice();
    for (const member of members) call.handOver(member, sent, untilMs);
    return call.outcome;
  }

  /** Ends what a link serves and what it waits for. */
  leave(party: CallParty): void {
    this.#services.removeAll(party);
    const closed = failure("closed", "The link to the engine was closed.", { unknown: true });
    for (const call of [...(this.#outstanding.get(party) ?? [])]) call.settle(closed);
  }

  #judge(
    caller: CallParty,
    subject: string,
    payload: Uint8Array,
    { timeoutMs, signal }: CallOptions,
  ): Failure | undefined {
    const { limits } = this.#context;
    if (!isResourceName(subject)) return wrongField("/subject");
    if (!(timeoutMs > 0 && timeoutMs <= limits.maxCallMs)) return wrongField("/timeoutMs");
    if (payload.length > limits.maxCallBytes) return failure("too_large");
    if (signal?.aborted === true) return failure("cancelled");
    const outstanding = this.#outstanding.get(caller)?.size ?? 0;
    return outstanding >= limits.maxOutstandingCalls ? failure("busy") : undefined;
  }

  /** Ends the call when its time runs out or its caller gives it up. */
  #follow(caller: CallParty, call: Call, { timeoutMs, signal }: CallOptions): void {
    const calls = this.#outstanding.get(caller) ?? new Set<Call>();
    this.#outstanding.set(caller, calls.add(call));
    const unknown = { unknown: true };
    const timer = this.#context.clock.after(timeoutMs, () =>
      call.settle(failure("timeout", undefined, unknown)),
    );
    const cancel = () => call.settle(failure("cancelled", undefined, unknown));
    signal?.addEventListener("abort", cancel, { once: true });
    void call.outcome.then(() => {
      timer.cancel();
      signal?.removeEventListener("abort", cancel);
      calls.delete(call);
      if (calls.size === 0) this.#outstanding.delete(caller);
    });
  }
}
