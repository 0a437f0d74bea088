import { STATUS_CODES } from "node:http";
import type { Failure } from "@holdfast/protocol";

/** Members of a problem document (RFC 9457 §3) beside `title` and `status`. */
export interface ProblemDetails {
  readonly detail?: string;
  /** A code of the error registry. */
  readonly code?: string;
  /** JSON Pointer (RFC 6901) to the field at fault. */
  readonly field?: string;
  readonly retryable?: boolean;
  readonly retryAfterMs?: number;
  /** true: the request may have been carried out all the same. */
  readonly unknown?: boolean;
}

/** The text of a problem document. */
export function problemBody(status: number, details: ProblemDetails): string {
  return JSON.stringify({ title: STATUS_CODES[status] ?? "Error", status, ...details });
}

const statusOfCode: Readonly<Record<string, number>> = {
  unauthorized: 401,
  token_expired: 401,
  forbidden: 403,
  unknown_call: 404,
  unknown_channel: 404,
  no_state: 404,
  conflict: 409,
  out_of_order: 409,
  offset_mismatch: 409,
  no_history: 409,
  no_presence: 409,
  too_large: 413,
  limit_exceeded: 429,
  rate_limited: 429,
  unsupported: 501,
  unavailable: 503,
  busy: 503,
  draining: 503,
  timeout: 504,
  internal: 500,
};

/** The HTTP status that says what an error code means; 400 where the request itself is at fault. */
export function statusOf(failure: Failure): number {
  return statusOfCode[failure.code] ?? 400;
}

/** A failure as members of a problem document. */
export function problemOf(failure: Failure): ProblemDetails {
  const { code, message, retryable, retryAfterMs, field, unknown } = failure;
  return {
    code,
    detail: message,
    retryable,
    ...(field === undefined ? {} : { field }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(unknown === undefined ? {} : { unknown }),
  };
}
