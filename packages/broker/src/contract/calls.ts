import type { Failure } from "@holdfast/protocol";
import type { Maybe } from "./maybe.js";

/** A call as the member of a group that handles it sees it. */
export interface IncomingCall {
  readonly subject: string;
  readonly payload: Uint8Array;
  /** Time left until the caller gives up, in milliseconds, when the call arrived. */
  readonly timeoutMs: number;
  /** Aborted when the caller gave up, its time ran out or its link ended, as soon as that is known here. */
  readonly signal: AbortSignal;
}

/**
 * Answers a call with the bytes of the reply; errors of the application are for it to put in them.
 * Throwing answers `call_failed` with the error's message, and is logged.
 */
export type CallHandler = (call: IncomingCall) => Maybe<Uint8Array>;

/** How a member serves. */
export interface ServeOptions {
  /** Calls handled at once; past it this member answers `busy`. */
  readonly maxOutstanding: number;
}

/** What `serve` gave. */
export interface Serving {
  readonly ok: true;
  /** Takes no more calls; those being handled are still answered. Idempotent. */
  stop(): Maybe<void>;
}

/** How long and for whom a call is made. */
export interface CallOptions {
  /** From now, in milliseconds, up to `maxCallMs`. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/**
 * The reply, or: `no_responders` (nobody serves the subject: nothing happened), `busy`,
 * `timeout` and `cancelled` (`unknown`: it may have been handled), `call_failed`.
 */
export type CallOutcome = { readonly ok: true; readonly payload: Uint8Array } | Failure;
