import {
  type Call,
  type CallContext,
  CallError,
  errorCodes,
  type Failure,
  failure,
} from "@holdfast/protocol";
import type { CallDefinitions } from "../core-contract.js";
import { textOf } from "../hub/ask.js";
import { Abortable, type Ending, withDeadline } from "../hub/deadline.js";
import type { Peer } from "./peer.js";
import { validate } from "./validate.js";

type Definition = CallDefinitions[string];

/** Codes of the application's own must look like the registry's. */
const codePattern = /^[a-z][a-z0-9_]{0,63}$/;

/** What a handler is told of the call. */
class Context extends Abortable implements CallContext {
  declare readonly user?: string;
  readonly member: string;
  declare readonly meta?: Readonly<Record<string, string>>;

  constructor(user: string | undefined, member: string, meta: CallContext["meta"]) {
    super();
    if (user !== undefined) this.user = user;
    this.member = member;
    if (meta !== undefined) this.meta = meta;
  }
}

/** The outstanding calls of one connection. */
export class ConnectionCalls {
  readonly #peer: Peer;
  /** Request id to what gives the call up; undefined while it is being authorized. */
  readonly #outstanding = new Map<number, (() => void) | undefined>();

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  /** Carries a `call` out. */
  call(command: Call): void {
    const peer = this.#peer;
    const { id, method } = command;
    const { calls, settings } = peer.shared;
    if (this.#outstanding.has(id)) {
      peer.refuse(
        command,
        failure("duplicate_id", `Request ${id} is still outstanding.`, { field: "/id" }),
      );
      return;
    }
    if (this.#outstanding.size >= settings.maxPendingCallsPerConnection) {
      peer.refuse(
        command,
        failure("limit_exceeded", "The connection has too many calls outstanding."),
      );
      return;
    }
    const definition = Object.hasOwn(calls, method) ? calls[method] : undefined;
    if (definition === undefined) {
      peer.refuse(command, failure("unknown_call", `No call is named ${method}.`));
      return;
    }
    this.#outstanding.set(id, undefined);
    peer.authorizer.check("call", method, (denied) => {
      if (!this.#isOutstanding(id)) return;
      if (denied === undefined) this.#validate(command, definition);
      else this.#fail(command, denied);
    });
  }

  /** Carries a `cancel` out; a call that is not outstanding has been answered already. */
  cancel(id: number): void {
    if (!this.#outstanding.has(id)) return;
    const abort = this.#outstanding.get(id);
    this.#outstanding.delete(id);
    abort?.();
    this.#peer.refuse({ id }, failure("cancelled"));
  }

  /** Calls are outstanding. */
  get isHolding(): boolean {
    return this.#outstanding.size > 0;
  }

  /** Gives every call up. */
  end(): void {
    const aborts = [...this.#outstanding.values()];
    this.#outstanding.clear();
    for (const abort of aborts) abort?.();
  }

  #isOutstanding(id: number): boolean {
    return !this.#peer.ended && this.#outstanding.has(id);
  }

  #validate(command: Call, definition: Definition): void {
    const given = command.bytes ?? command.data;
    if (definition?.input === undefined) {
      this.#run(command, definition, given);
      return;
    }
    validate(definition.input, given, "/data", (outcome) => {
      if (!this.#isOutstanding(command.id)) return;
      if (outcome.ok) this.#run(command, definition, outcome.value);
      else this.#fail(command, outcome);
    });
  }

  #run(command: Call, definition: Definition, input: unknown): void {
    if (definition === undefined) return;
    const { shared, user, member } = this.#peer;
    const { id, meta, timeoutMs = shared.settings.callTimeoutMs } = command;
    const context = new Context(user, member, meta);
    const abort = withDeadline<unknown>(
      shared.wheel,
      Math.min(timeoutMs, shared.settings.callTimeoutMs),
      context,
      () => definition.handler(input, context),
      (ending) => {
        if (this.#isOutstanding(id)) this.#finish(command, ending);
      },
    );
    if (this.#outstanding.has(id)) this.#outstanding.set(id, abort);
  }

  #finish(command: Call, ending: Ending<unknown>): void {
    if (ending.kind === "timeout") {
      this.#fail(command, failure("timeout", "The call took too long; its outcome is unknown."));
    } else if (ending.kind === "error") {
      this.#fail(command, this.#failureOf(command, ending.error));
    } else {
      this.#answer(command, ending.value);
    }
  }

  #answer(command: Call, value: unknown): void {
    const { id } = command;
    try {
      if (value instanceof Uint8Array) this.#peer.send({ type: "result", id, bytes: value });
      else if (value === undefined) this.#peer.send({ type: "result", id });
      else this.#peer.send({ type: "result", id, data: value });
      this.#outstanding.delete(id);
    } catch (error) {
      this.#peer.shared.logger.warn("call failed", {
        method: command.method,
        error: textOf(error),
      });
      this.#fail(command, failure("call_failed", "The call's result cannot be sent."));
    }
  }

  #fail(command: Call, why: Failure): void {
    this.#outstanding.delete(command.id);
    this.#peer.refuse(command, why);
  }

  #failureOf(command: Call, error: unknown): Failure {
    if (error instanceof CallError && codePattern.test(error.code)) {
      const { code, message, retryable } = error;
      return { ok: false, code, message, retryable };
    }
    this.#peer.shared.logger.warn("call failed", { method: command.method, error: textOf(error) });
    // The error's own message may contain what the caller must not learn.
    return failure("call_failed", errorCodes.call_failed.meaning);
  }
}
