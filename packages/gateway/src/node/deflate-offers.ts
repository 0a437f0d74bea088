/** The largest window of RFC 7692 §7.1.2, in bits. */
const MAX_WINDOW_BITS = 15;
const MIN_WINDOW_BITS = 8;
const NAME = "permessage-deflate";
/** RFC 9110 §5.6.2 `token`. */
const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
/** RFC 6455 §9.1: a quoted value is a token once it is unquoted. */
const PARAMETER = new RegExp(`^(${TOKEN})(?:[ \\t]*=[ \\t]*(?:(${TOKEN})|"(${TOKEN})"))?$`);
const BITS = /^[1-9]\d?$/;
/** The parameters of RFC 7692 §7.1 are four, each at most once. */
const MAX_PARAMETERS = 4;

/** What a client may ask for, and how (RFC 7692 §7.1): by name, whether its value can be used. */
const parameters: Readonly<Record<string, (value: string | undefined) => boolean>> = {
  server_no_context_takeover: (value) => value === undefined,
  client_no_context_takeover: (value) => value === undefined,
  // §7.1.2.1: always with a value; §7.1.2.2: with one or without.
  server_max_window_bits: (value) => value !== undefined && isWindow(value),
  client_max_window_bits: (value) => value === undefined || isWindow(value),
};

/**
 * The first offer of a `Sec-WebSocket-Extensions` header (RFC 6455 §9.1, its grammar checked) that
 * permessage-deflate can be agreed on by; undefined: every offer is declined, and the connection opens
 * without. RFC 7692 §5.1 and §7.1 have a server decline what it cannot take, where `ws` would refuse the
 * whole handshake.
 */
export function acceptableDeflate(header: string | undefined): string | undefined {
  return header
    ?.split(",")
    .map((offer) => offer.trim())
    .find(isAcceptable);
}

function isAcceptable(offer: string): boolean {
  const [name, ...listed] = offer.split(";").map((part) => part.trim());
  if (name !== NAME || listed.length > MAX_PARAMETERS) return false;
  const seen = new Set<string>();
  return listed.every((part) => {
    const [, parameter = "", token, quoted] = PARAMETER.exec(part) ?? [];
    if (!Object.hasOwn(parameters, parameter) || seen.has(parameter)) return false;
    seen.add(parameter);
    return parameters[parameter]?.(token ?? quoted) ?? false;
  });
}

/** A decimal number without leading zeroes. */
function isWindow(value: string): boolean {
  return BITS.test(value) && Number(value) >= MIN_WINDOW_BITS && Number(value) <= MAX_WINDOW_BITS;
}
