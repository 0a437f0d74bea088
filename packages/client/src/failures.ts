import type { ErrorCode, Failure } from "@holdfast/protocol";

/**
 * The failures the SDK itself brings about. The registry of the protocol has every code and is too
 * large for a browser bundle; a test holds the two together.
 */
export const ownFailures = {
  already_subscribed: "This client is already subscribed to the channel.",
  call_failed: "A handler failed.",
  cancelled: "Given up by the caller.",
  closed: "The client was closed.",
  connection_lost: "The connection ended before the answer came.",
  internal: "The answer is not of the kind asked for.",
  invalid_data: "The data cannot be encoded.",
  invalid_field: "The URL cannot be opened.",
  overflow: "The reader was too slow; resume from the position.",
  queue_full: "Too much waits to be sent.",
  timeout: "No answer in time.",
  too_large: "Larger than the gateway takes.",
  unauthorized: "No token could be had.",
  unsupported: "Not supported by this client.",
} as const satisfies Partial<Record<ErrorCode, string>>;

const retryable: readonly string[] = ["connection_lost", "timeout"];

/** A failure of the SDK's own, with the registry's advice. */
export function failure(
  code: keyof typeof ownFailures,
  message: string = ownFailures[code],
  details: { readonly unknown?: boolean } = {},
): Failure {
  return { ok: false, code, message, retryable: retryable.includes(code), ...details };
}

/** What a thrown value says. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
