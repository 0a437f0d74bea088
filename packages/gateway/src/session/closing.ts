import { type CloseCode, closeCodes, type DownMessage, shouldReconnect } from "@holdfast/protocol";

type Named = { readonly [Code in CloseCode as (typeof closeCodes)[Code]["name"]]: Code };

/** The close codes by their names, as the protocol declares them. */
export const closeCode = Object.fromEntries(
  Object.entries(closeCodes).map(([code, { name }]) => [name, Number(code)]),
) as Named;

/** When to come back. */
export interface Advice {
  readonly retryAfterMs?: number;
  readonly spreadMs?: number;
}

/** Advice to a connection beyond a limit on connections. */
export const overLimitAdvice: Advice = { retryAfterMs: 5_000, spreadMs: 10_000 };

/** Advice to a connection that was of no use: not at once, for it would only be idle again. */
export const idleAdvice: Advice = { retryAfterMs: 60_000, spreadMs: 60_000 };

/** The name of a close code, which is all that the close reason says. */
export function nameOf(code: CloseCode): string {
  return closeCodes[code].name;
}

/** The advice that goes before the close. */
export function disconnectOf(code: CloseCode, advice: Advice): DownMessage {
  return {
    type: "disconnect",
    code,
    reason: nameOf(code),
    reconnect: shouldReconnect(code),
    ...advice,
  };
}

/**
 * Whether what is still queued is thrown away: a reader that did not take it will not take it
 * now, and what was queued under credentials that have ended, or for somebody who was disconnected, may no
 * longer be delivered.
 */
export function discards(code: CloseCode): boolean {
  return (
    code === closeCode.slow_reader ||
    code === closeCode.token_expired ||
    code === closeCode.disconnected
  );
}
