import type { IncomingMessage, ServerResponse } from "node:http";
import { failure } from "@holdfast/protocol";
import type { GatewayCore } from "../core-contract.js";
import { type KeyCheck, presentedKey } from "./api-keys.js";
import { sendFailure, sendProblem } from "./http-response.js";
import { problemOf } from "./problem.js";
import { readBody } from "./request-body.js";

/** What a route that takes commands under an API key is made of. */
export interface KeyedRouteOptions {
  readonly core: () => GatewayCore | undefined;
  readonly keyCheck: KeyCheck;
  /** Largest body, in bytes. */
  readonly maxBodyBytes: number;
}

/** The body of a request with a valid API key; undefined: it has been answered, or is gone. */
export async function keyedBody(
  request: IncomingMessage,
  response: ServerResponse,
  { keyCheck, maxBodyBytes }: KeyedRouteOptions,
): Promise<Uint8Array | undefined> {
  if (!keyCheck(presentedKey(request.headers))) {
    // The body of a stranger is not worth reading, so the connection ends with the answer.
    const details = problemOf(failure("unauthorized", "A valid API key is required."));
    sendProblem(response, 401, details, { "www-authenticate": "Bearer", connection: "close" });
    return undefined;
  }
  const body = await readBody(request, maxBodyBytes);
  if (body.ok) return body.bytes;
  if (body.reason === "aborted") return undefined;
  const message = `The body is larger than ${maxBodyBytes} bytes.`;
  sendProblem(response, 413, problemOf(failure("too_large", message)), { connection: "close" });
  return undefined;
}

/** A command's body, and the gateway to carry it out; undefined: it has been answered, or is gone. */
export async function keyedCommand(
  request: IncomingMessage,
  response: ServerResponse,
  options: KeyedRouteOptions,
): Promise<{ readonly body: Record<string, unknown>; readonly core: GatewayCore } | undefined> {
  const bytes = await keyedBody(request, response, options);
  if (bytes === undefined) return undefined;
  const body = parseObject(bytes);
  if (body === undefined) {
    sendFailure(response, failure("bad_message", "The body is not a JSON object in UTF-8."));
    return undefined;
  }
  const core = startedCore(response, options.core);
  return core === undefined ? undefined : { body, core };
}

/** The gateway, once it has started; undefined: the request has been answered. */
export function startedCore(
  response: ServerResponse,
  core: () => GatewayCore | undefined,
): GatewayCore | undefined {
  const gateway = core();
  if (gateway === undefined) {
    const starting = failure("unavailable", "The gateway is starting.", { retryAfterMs: 1000 });
    sendFailure(response, starting);
  }
  return gateway;
}

/** A JSON object in UTF-8 (RFC 8259 §8.1); undefined: the bytes are not one. */
export function parseObject(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Tells an object from an array and from nothing. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
