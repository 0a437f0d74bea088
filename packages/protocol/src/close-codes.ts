/** What a close code means and advises. 4000–4499: reconnect; 4500–4999: terminal. */
export interface CloseDeclaration {
  /** The name, sent as the close reason. */
  readonly name: string;
  readonly meaning: string;
}

/** Every close code of the gateway beside RFC 6455 §7.4.1; `docs/errors.md` is generated from it. */
export const closeCodes = {
  4000: {
    name: "draining",
    meaning: "The gateway is stopping; connect elsewhere after the advised delay.",
  },
  4001: { name: "slow_reader", meaning: "The reader took too long; connect again and resume." },
  4002: { name: "heartbeat_timeout", meaning: "No pong in time." },
  4003: {
    name: "overloaded",
    meaning: "The gateway has too much to do; wait for the advised delay.",
  },
  4004: {
    name: "replay_exhausted",
    meaning: "A replay could not catch up; connect again and resume.",
  },
  4005: {
    name: "too_many_connections",
    meaning: "A limit on connections is reached; wait for the advised delay.",
  },
  4006: {
    name: "token_expired",
    meaning: "The credentials have ended; connect with a fresh token.",
  },
  4007: { name: "rate_limited", meaning: "Too many messages; wait for the advised delay." },
  4008: { name: "internal_error", meaning: "The gateway made a mistake with this connection." },
  4009: {
    name: "idle",
    meaning:
      "Nothing was asked for or held for too long; connect again when there is something to do.",
  },
  4500: { name: "unauthorized", meaning: "The credentials are missing or wrong." },
  4501: { name: "auth_timeout", meaning: "The connection did not authenticate in time." },
  4502: { name: "protocol_violation", meaning: "Malformed or forbidden commands were repeated." },
  4503: { name: "replaced", meaning: "A newer connection took this client session." },
  4504: { name: "disconnected", meaning: "The application ended the connection." },
} as const satisfies Record<number, CloseDeclaration>;

/** A close code of the gateway. */
export type CloseCode = keyof typeof closeCodes;

/** Endings of RFC 6455 §7.4.1 that would only be repeated: what was sent cannot be taken. */
const terminal = [1002, 1003, 1007, 1009, 1010];

/** true when a client should connect again after this close code (RFC 6455 §7.4 codes included). */
export function shouldReconnect(code: number): boolean {
  return !terminal.includes(code) && (code < 4500 || code > 4999);
}
