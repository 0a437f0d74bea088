/** RFC 7692 §7.1.2: a window has 2^8 to 2^15 bytes. */
const MIN_WINDOW_BITS = 8;
const MAX_WINDOW_BITS = 15;
const NAME = "permessage-deflate";
const SERVER_WINDOW = "server_max_window_bits";
/** RFC 9110 §5.6.2 `token`. */
const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
/** RFC 6455 §9.1: a quoted value is a token once it is unquoted. */
const PARAMETER = new RegExp(`^(${TOKEN})(?:[ \\t]*=[ \\t]*(?:(${TOKEN})|"(${TOKEN})"))?$`);
/** A decimal number without leading zeroes. */
const BITS = /^[1-9]\d?$/;
/** The parameters of RFC 7692 §7.1 are four, each at most once. */
const MAX_PARAMETERS = 4;

/** An offer of permessage-deflate that can be agreed on as it is. */
export interface DeflateOffer {
  /** Written anew, without what the grammar leaves open. */
  readonly text: string;
  /** The largest window the client has for what is sent to it, in bits. */
  readonly serverWindowBits: number;
}

/** What a client may ask for, and how (RFC 7692 §7.1): by name, whether its value can be used. */
const parameters: Readonly<Record<string, (value: string | undefined) => boolean>> = {
  server_no_context_takeover: (value) => value === undefined,
  client_no_context_takeover: (value) => value === undefined,
  // §7.1.2.1: always with a value; §7.1.2.2: with one or without.
  [SERVER_WINDOW]: (value) => value !== undefined && isWindow(value),
  client_max_window_bits: (value) => value === undefined || isWindow(value),
};

/**
 * The first offer of a `Sec-WebSocket-Extensions` header (RFC 6455 §9.1) that permessage-deflate can be
 * agreed on by; undefined: every offer is declined, and the connection opens without. RFC 7692 §5.1 and
 * §7.1 have a server decline what it cannot take, where `ws` would refuse the whole handshake.
 */
export function acceptableDeflate(header: string | undefined): DeflateOffer | undefined {
  for (const offer of header?.split(",") ?? []) {
    const acceptable = acceptableOffer(offer);
    if (acceptable !== undefined) return acceptable;
  }
  return undefined;
}

function acceptableOffer(offer: string): DeflateOffer | undefined {
  const [name, ...listed] = offer.split(";").map((part) => part.trim());
  if (name !== NAME || listed.length > MAX_PARAMETERS) return undefined;
  const asked = new Map<string, string | undefined>();
  for (const part of listed) {
    const [, parameter = "", token, quoted] = PARAMETER.exec(part) ?? [];
    const value = token ?? quoted;
    if (!Object.hasOwn(parameters, parameter) || asked.has(parameter)) return undefined;
    if (parameters[parameter]?.(value) !== true) return undefined;
    asked.set(parameter, value);
  }
  const written = [...asked].map(([key, value]) => (value === undefined ? key : `${key}=${value}`));
  return {
    text: [NAME, ...written].join("; "),
    serverWindowBits: Number(asked.get(SERVER_WINDOW) ?? MAX_WINDOW_BITS),
  };
}

function isWindow(value: string): boolean {
  const bits = Number(value);
  return BITS.test(value) && bits >= MIN_WINDOW_BITS && bits <= MAX_WINDOW_BITS;
}
