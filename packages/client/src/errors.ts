import type { ErrorCode, ErrorReply, Failure, Position } from "@holdfast/protocol";
import { failure, messageOf } from "./failures.js";

/** What ends a subscription or a client, and what `subscribe` rejects with. */
export class HoldfastError extends Error {
  override readonly name = "HoldfastError";
  /** A code of the registry, the name of a close code, or one this version does not know. */
  readonly code: ErrorCode | (string & {});
  /** true: the same request may succeed later, unchanged. */
  readonly retryable: boolean;
  /** Wait at least this long before trying again, in milliseconds. */
  readonly retryAfterMs: number | undefined;
  /** For a subscription: the last publication the application had handled. Resume from it. */
  readonly position: Position | undefined;

  constructor(reason: Failure, details: { cause?: unknown; position?: Position | undefined } = {}) {
    super(reason.message, details.cause === undefined ? {} : { cause: details.cause });
    this.code = reason.code;
    this.retryable = reason.retryable;
    this.retryAfterMs = reason.retryAfterMs;
    this.position = details.position;
  }
}

/** An error reply as the value the SDK hands on. */
export function failureOf(reply: ErrorReply): Failure {
  return {
    ok: false,
    code: reply.code,
    message: reply.message,
    retryable: reply.retryable,
    ...(reply.retryAfterMs !== undefined && { retryAfterMs: reply.retryAfterMs }),
    ...(reply.field !== undefined && { field: reply.field }),
  };
}

/** A failing handler of the application, as a typed error. */
export function handlerFailed(cause: unknown, position?: Position): HoldfastError {
  if (cause instanceof HoldfastError) return cause;
  const message = messageOf(cause);
  const reason = failure("call_failed", `A handler of the application failed: ${message}`);
  return new HoldfastError(reason, { cause, position });
}

/** Why a message could not be encoded or sent, as a value. */
export function unsendable(cause: unknown): Failure {
  if (cause instanceof HoldfastError) return failure("too_large");
  return failure("invalid_data", messageOf(cause));
}

/** The same error at another position. */
export function at(error: HoldfastError, position: Position | undefined): HoldfastError {
  const { code, message, retryable, retryAfterMs } = error;
  const reason: Failure = { ok: false, code, message, retryable };
  const after = retryAfterMs === undefined ? {} : { retryAfterMs };
  return new HoldfastError({ ...reason, ...after }, { cause: error.cause ?? error, position });
}
