import type { IncomingMessage, ServerResponse } from "node:http";
import { type Failure, failure, formatPosition } from "@holdfast/protocol";
import type { GatewayCore } from "../core-contract.js";
import type { Handshake } from "../transport.js";
import { type KeyCheck, presentedKey } from "./api-keys.js";
import type { TrustedProxies } from "./client-address.js";
import { sendFailure, sendText } from "./http-response.js";
import { statusOf } from "./problem.js";

/** What the state route is made of. */
export interface StateRouteOptions {
  readonly core: () => GatewayCore | undefined;
  readonly keyCheck: KeyCheck;
  readonly proxies: TrustedProxies;
}

const route = /^\/api\/channels\/(.+)\/state$/;

/** The channel whose state a path asks for; `undefined` where it is no such path. */
export function channelOfStatePath(path: string): string | undefined {
  const [, encoded] = route.exec(path) ?? [];
  if (encoded === undefined) return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch {
    // Percent signs out of grammar: no channel has such a name.
    return encoded;
  }
}

/**
 * Answers `GET /api/channels/{channel}/state`: the state and its position, with the authority of an
 * API key, or of whoever a connection token (`Authorization: Bearer`) says. Without credentials the
 * anonymous capabilities count.
 */
export async function handleState(
  channel: string,
  request: IncomingMessage,
  response: ServerResponse,
  { core, keyCheck, proxies }: StateRouteOptions,
): Promise<void> {
  const gateway = core();
  if (gateway === undefined) {
    const starting = "The gateway is starting.";
    sendFailure(response, failure("unavailable", starting, { retryAfterMs: 1000 }));
    return;
  }
  const presented = presentedKey(request.headers);
  const isKeyed = keyCheck(presented);
  if (!isKeyed && request.headers["x-api-key"] !== undefined) {
    refuse(response, failure("unauthorized", "The API key is not valid."));
    return;
  }
  const reader = isKeyed ? undefined : readerOf(request, presented, proxies);
  const outcome = await gateway.readState(channel, reader);
  if (!outcome.ok) {
    refuse(response, outcome);
    return;
  }
  const { mode, position, state } = outcome;
  const positionText = formatPosition(position);
  const headers = { etag: `"${positionText}"`, "cache-control": "private, no-cache" };
  if (isKnown(request.headers["if-none-match"], headers.etag)) {
    response.writeHead(304, headers);
    response.end();
    return;
  }
  const body = JSON.stringify({ channel, mode, state, position, positionText });
  sendText(response, 200, "application/json", body, headers);
}

/** Whoever asks without an API key. */
function readerOf(
  request: IncomingMessage,
  token: string | undefined,
  proxies: TrustedProxies,
): Handshake {
  const { headers } = request;
  const remoteAddress = proxies.clientOf(request);
  return {
    headers,
    ...(token === undefined ? {} : { token }),
    ...(remoteAddress === undefined ? {} : { remoteAddress }),
  };
}

/** `If-None-Match` (RFC 9110 §13.1.2): `*`, or a list of entity tags, weak ones included. */
function isKnown(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(",").some((each) => {
    const tag = each.trim();
    return tag === "*" || tag === etag || tag === `W/${etag}`;
  });
}

function refuse(response: ServerResponse, problem: Failure): void {
  // The channel is the resource here, not a field of it.
  const status = problem.code === "invalid_channel" ? 404 : statusOf(problem);
  const headers = status === 401 ? { "www-authenticate": "Bearer" } : {};
  sendFailure(response, problem, status, headers);
}
