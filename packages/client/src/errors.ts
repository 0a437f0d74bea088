import type { ErrorCode, Failure, Position } from "@holdfast/protocol";
import { failed, failure, messageOf } from "./failures.js";

/** What an error says of its failure. */
type Reason = Pick<Failure, "code" | "message" | "retryable"> & {
  readonly retryAfterMs?: number | undefined;
};

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

  constructor(reason: Reason, details: { cause?: unknown; position?: Position | undefined } = {}) {
    super(reason.message, details);
    this.code = reason.code;
    this.retryable = reason.retryable;
    this.retryAfterMs = reason.retryAfterMs;
    this.position = details.position;
  }
}

/** A failing handler of the application, as a typed error. */
export function handlerFailed(cause: unknown, position?: Position): HoldfastError {
  if (cause instanceof HoldfastError) return cause;
  const message = `A handler failed: ${messageOf(cause)}`;
  return new HoldfastError(failed("call_failed", message), { cause, position });
}

/** Why a message could not be encoded or sent, as a value. */
export function unsendable(cause: unknown): Failure {
  if (cause instanceof HoldfastError) return failure("too_large");
  return failed("invalid_data", messageOf(cause));
}

/** The same error at another position. */
export function at(error: HoldfastError, position: Position | undefined): HoldfastError {
  return new HoldfastError(error, { cause: error.cause ?? error, position });
}
