import type { DownMessage, Failure } from "@holdfast/protocol";
import type { Transport } from "../transport.js";
import type { Credentials } from "./credentials.js";
import { idOf, type Peer, type Request } from "./peer.js";

/** The reply to a request that is refused. */
export function errorOf(request: Request, why: Failure): DownMessage {
  const { code, message, retryable, retryAfterMs, field } = why;
  return {
    type: "error",
    ...idOf(request),
    code,
    message,
    retryable,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    ...(field === undefined ? {} : { field }),
    ...(request.channel === undefined ? {} : { channel: request.channel }),
  };
}

/** What a connection is told first: who it is, and what holds for it. */
export function greetingOf(
  peer: Peer,
  transport: Transport,
  credentials: Credentials,
  id: number | undefined,
): DownMessage {
  const { clock, keyWindowMs, settings } = peer.shared;
  return {
    type: "connected",
    ...idOf({ id }),
    member: peer.member,
    ...(peer.user === undefined ? {} : { user: peer.user }),
    features: ["state"],
    pingIntervalMs: transport.negotiated ? settings.pingIntervalMs : 0,
    pongTimeoutMs: settings.pongTimeoutMs,
    maxMessageBytes: settings.maxMessageBytes,
    keyWindowMs,
    ...credentials.expiresIn(),
    timeMs: clock.wallMs(),
  };
}
