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

/** The state of one session; a transition that is not in the table is a broken invariant. */
export class StateMachine {
  #current: SessionState = "opening";

  get current(): SessionState {
    return this.#current;
  }

  /** Commands are neither taken nor answered any more. */
  get ended(): boolean {
    return this.#current === "closing" || this.#current === "closed";
  }

  /** Throws when the table does not permit it. */
  to(next: SessionState): void {
    if (!transitions[this.#current].includes(next)) {
      throw new Error(`a session cannot go from ${this.#current} to ${next}`);
    }
    this.#current = next;
  }
}
