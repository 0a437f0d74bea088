import type { IncomingHttpHeaders } from "node:http";
import type { Codec } from "@holdfast/protocol";

const TOKEN_PREFIX = "holdfast.token.";
const MAX_OFFERS = 32;
const MAX_HEADER_CHARS = 16_384;
/** RFC 9110 §5.6.2 `token`, the grammar of a subprotocol and extension name. */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** 16 bytes in base64 (RFC 6455 §4.1). */
const KEY = /^[+/0-9A-Za-z]{22}==$/;

/** Why an upgrade request is answered with a plain HTTP response. */
export interface Refusal {
  readonly ok: false;
  readonly status: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the opening handshake settled. */
export interface Negotiated {
  readonly ok: true;
  readonly codec: Codec;
  /** The subprotocol to echo; absent: a plain connection, v1 JSON. */
  readonly subprotocol?: Codec["subprotocol"];
  /** Credentials that came as a subprotocol; never echoed, never logged. */
  readonly token?: string;
}

/**
 * The token in an address's query (`token` or `ticket`), where one is permitted. Refused where it is
 * not, so that nobody goes on sending it where it is logged.
 */
export function queryToken(
  url: string | undefined,
  permitted: boolean,
): { readonly ok: true; readonly token?: string } | Refusal {
  const query = url?.split("?")[1];
  if (query === undefined) return { ok: true };
  const parameters = new URLSearchParams(query);
  const given = [...parameters.getAll("token"), ...parameters.getAll("ticket")];
  const [token] = given;
  if (token === undefined) return { ok: true };
  if (!permitted) {
    return refuse(400, "No token is taken from the query string (option `queryTokens`).");
  }
  if (given.length > 1 || token === "") return refuse(400, "The query string has no single token.");
  return { ok: true, token };
}

/** Makes a refusal. */
export function refuse(
  status: number,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Refusal {
  return { ok: false, status, message, headers };
}

/** Checks what RFC 6455 §4.2.1 asks of the request, before anything looks at the offer. */
export function checkHandshake(
  method: string | undefined,
  headers: IncomingHttpHeaders,
): Refusal | undefined {
  if (method !== "GET") return refuse(405, "A WebSocket opens with GET.", { allow: "GET" });
  if (headers.upgrade?.toLowerCase() !== "websocket") {
    return refuse(426, "This path speaks WebSocket only.", { upgrade: "websocket" });
  }
  const key = headers["sec-websocket-key"];
  if (key === undefined || !KEY.test(key)) {
    return refuse(400, "Sec-WebSocket-Key is missing or not 16 bytes in base64.");
  }
  const version = headers["sec-websocket-version"];
  if (version === undefined || !/^\d{1,3}$/.test(version)) {
    return refuse(400, "Sec-WebSocket-Version is missing or not a number.");
  }
  if (version !== "13") {
    return refuse(426, "Only Sec-WebSocket-Version 13 is spoken.", {
      "sec-websocket-version": "13",
    });
  }
  return checkExtensions(headers["sec-websocket-extensions"]);
}

/** No extension is taken, but an offer out of grammar is a broken or hostile client. */
function checkExtensions(header: string | undefined): Refusal | undefined {
  if (header === undefined) return undefined;
  const malformed = refuse(400, "Sec-WebSocket-Extensions is malformed.");
  if (header.length > MAX_HEADER_CHARS) return malformed;
  const offers = header.split(",");
  if (offers.length > MAX_OFFERS) return malformed;
  for (const offer of offers) {
    const name = (offer.split(";", 1)[0] ?? "").trim();
    // `name in {}`: constructor, __proto__ and the like are nobody's extension.
    if (!TOKEN.test(name) || name in {}) return malformed;
  }
  return undefined;
}

/**
 * Settles codec and token from `Sec-WebSocket-Protocol`. The client's order of preference counts.
 * An offer without a known name is refused: going on without one would leave the browser to fail
 * the connection without saying why (RFC 6455 §4.1).
 */
export function negotiate(
  header: string | undefined,
  codecs: readonly Codec[],
  plain: Codec,
): Negotiated | Refusal {
  if (header === undefined) return { ok: true, codec: plain };
  const malformed = refuse(400, "Sec-WebSocket-Protocol is malformed.");
  if (header.length > MAX_HEADER_CHARS) return malformed;
  const offers = header.split(",").map((offer) => offer.trim());
  if (offers.length > MAX_OFFERS || new Set(offers).size !== offers.length) return malformed;
  let codec: Codec | undefined;
  let token: string | undefined;
  for (const offer of offers) {
    if (!TOKEN.test(offer)) return malformed;
    if (offer.startsWith(TOKEN_PREFIX)) {
      if (token !== undefined || offer.length === TOKEN_PREFIX.length) return malformed;
      token = offer.slice(TOKEN_PREFIX.length);
    } else {
      codec ??= codecs.find((known) => known.subprotocol === offer);
    }
  }
  if (codec === undefined) {
    const known = codecs.map((each) => each.subprotocol).join(", ");
    return refuse(400, `No offered subprotocol is known here. Known: ${known}.`);
  }
  return {
    ok: true,
    codec,
    subprotocol: codec.subprotocol,
    ...(token === undefined ? {} : { token }),
  };
}
