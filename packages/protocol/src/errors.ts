/** What an error code means and what a client that meets it may do. */
export interface ErrorDeclaration {
  readonly meaning: string;
  /** true: the same request may succeed later, unchanged. */
  readonly retryable: boolean;
}

const once = (meaning: string): ErrorDeclaration => ({ meaning, retryable: false });
const again = (meaning: string): ErrorDeclaration => ({ meaning, retryable: true });

/** Every error code of the wire, the HTTP API and the SDK; `docs/errors.md` is generated from it. */
export const errorCodes = {
  bad_message: once("The frame is not a message of the negotiated codec."),
  unknown_type: once("The command's `type` is not known to this gateway."),
  invalid_field: once("A field has the wrong type or is out of its range; `field` names it."),
  invalid_data: once("The channel's or call's schema refuses the data; `field` names the place."),
  invalid_channel: once("The channel name is out of grammar or reserved."),
  unknown_channel: once("No channel rule matches the channel's name."),
  too_large: once("The message or one of its parts is larger than the limit."),
  unsupported: once("The request is known but not supported here."),
  unauthorized: once("The credentials are missing, wrong or expired."),
  token_expired: once("The credentials have ended; connect or refresh with a fresh token."),
  forbidden: once("The identity may not do this."),
  not_subscribed: once("There is no such subscription on this connection."),
  already_subscribed: once("The connection is already subscribed to the channel."),
  duplicate_id: once("A request with this `id` is still outstanding."),
  limit_exceeded: once("A limit of the connection or channel is reached."),
  rate_limited: again("Too many messages; wait for `retryAfterMs`."),
  conflict: once("The publish key was used before with another payload."),
  out_of_order: again("The publisher session's `seq` is not the next one; begin a new generation."),
  offset_mismatch: once("The channel's newest offset is not `expectedOffset`."),
  sequence_mismatch: once("The log's newest sequence is not the expected one; read it again."),
  fenced: once("A newer owner has taken over; this one must stop."),
  lease_held: again("Another holder has the lease; wait for `retryAfterMs`."),
  lease_lost: once("The lease has ended or was given anew; acquire it again."),
  no_history: once("The channel keeps no history."),
  no_state: once("The channel has no state."),
  no_presence: once("The channel has no presence."),
  unknown_call: once("No handler of this name."),
  no_responders: again("Nobody serves this call now; it was not carried out."),
  call_failed: once("The handler failed."),
  cancelled: once("The caller gave the request up."),
  timeout: again("No answer in time; the outcome is unknown."),
  unavailable: again("The engine or a service cannot be reached now."),
  busy: again("The gateway has too much to do; wait for `retryAfterMs`."),
  draining: again("The gateway is stopping; connect again."),
  connection_lost: again("The connection ended before the answer came; the outcome is unknown."),
  queue_full: once("The client's own queue is full."),
  overflow: once(
    "The subscription's buffer was full because its reader was too slow; resume from its position.",
  ),
  closed: once("The client or subscription was closed."),
  internal: once("The gateway made a mistake; its log has the cause."),
} as const satisfies Record<string, ErrorDeclaration>;

/** A code of the registry. */
export type ErrorCode = keyof typeof errorCodes;

/** A definite or unknown failure, as a value. */
export interface Failure {
  readonly ok: false;
  /** A code of the registry; from a newer gateway possibly one this version does not know. */
  readonly code: ErrorCode | (string & {});
  /** A sentence a user can act on. */
  readonly message: string;
  readonly retryable: boolean;
  /** Wait at least this long before trying again. */
  readonly retryAfterMs?: number;
  /** JSON Pointer (RFC 6901) to the field at fault. */
  readonly field?: string;
  /** true: the request may have been carried out all the same. */
  readonly unknown?: boolean;
}

/** A failure with the registry's advice; `message` defaults to the registry's meaning. */
export function failure(
  code: ErrorCode,
  message: string = errorCodes[code].meaning,
  details: { field?: string; retryAfterMs?: number; unknown?: boolean } = {},
): Failure {
  return { ok: false, code, message, retryable: errorCodes[code].retryable, ...details };
}
