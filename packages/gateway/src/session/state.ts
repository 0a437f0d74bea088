/**
 * - `opening`: the socket is there, nothing was asked
 * - `authenticating`: the credentials are being judged; commands wait
 * - `open`: commands are carried out
 * - `closing`: the close was sent; nothing more is taken or given
 * - `closed`: the socket is gone
 */
export type SessionState = "opening" | "authenticating" | "open" | "closing" | "closed";

const transitions: Readonly<Record<SessionState, readonly SessionState[]>> = {
  opening: ["authenticating", "closing", "closed"],
  authenticating: ["open", "closing", "closed"],
  open: ["closing", "closed"],
  closing: ["closed"],
  closed: [],
};

/** Goes from one state to another; one that the table does not permit is a broken invariant, and throws. */
export function transition(from: SessionState, to: SessionState): SessionState {
  if (!transitions[from].includes(to)) {
    throw new Error(`a session cannot go from ${from} to ${to}`);
  }
  return to;
}

/** Commands are neither taken nor answered any more. */
export function isOver(state: SessionState): boolean {
  return state === "closing" || state === "closed";
}
