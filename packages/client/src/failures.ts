import type { ErrorCode, Failure } from "@holdfast/protocol";

/**
 * The failures the SDK itself brings about. The registry of the protocol has every code and is too
 * large for a browser bundle; a test holds the two together.
 */
export const ownFailures = {
  already_subscribed: "Already subscribed to the channel.",
  cancelled: "Given up by the caller.",
  closed: "The client was closed.",
  connection_lost: "The connection ended before the answer.",
  internal: "The answer is of another kind.",
  invalid_field: "The URL cannot be opened.",
  overflow: "The reader was too slow; resume from the position.",
  queue_full: "Too much waits to be sent.",
  timeout: "No answer in time.",
  too_large: "Larger than the gateway takes.",
  unsupported: "Not supported by this client.",
} as const satisfies Partial<Record<ErrorCode, string>>;

/** A failure in words of its own. */
export function failed(code: Failure["code"], message: string, retryable = false): Failure {
  return { ok: false, code, message, retryable };
}

/** A failure of the SDK's own, with the registry's advice. */
export function failure(code: keyof typeof ownFailures): Failure {
  return failed(code, ownFailures[code], code === "connection_lost" || code === "timeout");
}

/** The failure of something that may have been carried out all the same, if it is `inDoubt`. */
export function unsure(reason: Failure, inDoubt = true): Failure {
  return inDoubt ? { ...reason, unknown: true } : reason;
}

/** What a thrown value says. */
export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
