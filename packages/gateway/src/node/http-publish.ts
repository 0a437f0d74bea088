import type { IncomingMessage, ServerResponse } from "node:http";
import { type Failure, failure } from "@holdfast/protocol";
import type { GatewayCore, PublishOptions } from "../core-contract.js";
import { type KeyCheck, presentedKey } from "./api-keys.js";
import { sendFailure, sendJson, sendProblem } from "./http-response.js";
import { problemOf } from "./problem.js";
import { readBody } from "./request-body.js";

/** What the publish route is made of. */
export interface PublishRouteOptions {
  readonly core: () => GatewayCore | undefined;
  readonly keyCheck: KeyCheck;
  /** Largest body, in bytes. */
  readonly maxBodyBytes: number;
}

type Payload = { readonly data: unknown } | { readonly bytes: Uint8Array };

interface PublishCommand {
  readonly ok: true;
  readonly channel: string;
  readonly payload: Payload;
  readonly options: PublishOptions;
}

/** Answers `POST /api/publish`: a publish with the authority of an API key. */
export async function handlePublish(
  request: IncomingMessage,
  response: ServerResponse,
  { core, keyCheck, maxBodyBytes }: PublishRouteOptions,
): Promise<void> {
  if (!keyCheck(presentedKey(request.headers))) {
    // The body of a stranger is not worth reading, so the connection ends with the answer.
    const details = problemOf(failure("unauthorized", "A valid API key is required."));
    sendProblem(response, 401, details, { "www-authenticate": "Bearer", connection: "close" });
    return;
  }
  const body = await readBody(request, maxBodyBytes);
  if (!body.ok) {
    if (body.reason === "aborted") return;
    const message = `The body is larger than ${maxBodyBytes} bytes.`;
    sendProblem(response, 413, problemOf(failure("too_large", message)), { connection: "close" });
    return;
  }
  const command = parsePublish(body.bytes);
  if (!command.ok) {
    sendFailure(response, command);
    return;
  }
  const gateway = core();
  if (gateway === undefined) {
    sendFailure(
      response,
      failure("unavailable", "The gateway is starting.", { retryAfterMs: 1000 }),
    );
    return;
  }
  const outcome = await gateway.publish(command.channel, command.payload, command.options);
  if (!outcome.ok) {
    sendFailure(response, outcome);
  } else if ("ephemeral" in outcome) {
    sendJson(response, 200, { ephemeral: true });
  } else {
    const { offset, epoch, duplicate } = outcome;
    sendJson(response, 200, { offset, epoch, duplicate });
  }
}

/** Fields of the body beside the payload: whether a value has the right shape, and how to say so. */
const optionShapes: Readonly<
  Record<keyof PublishOptions, readonly [(value: unknown) => boolean, string]>
> = {
  key: [isText, "a string"],
  user: [isText, "a string"],
  ephemeral: [(value) => typeof value === "boolean", "true or false"],
  expectedOffset: [(value) => Number.isSafeInteger(value), "a whole number"],
  tags: [(value) => Array.isArray(value) && value.every(isText), "an array of strings"],
  meta: [(value) => isRecord(value) && Object.values(value).every(isText), "an object of strings"],
};

/**
 * Reads a publish from the body. Shapes are checked here; ranges, grammar and the channel's own
 * schema are the core's business, the same as for a publish from a socket.
 */
export function parsePublish(bytes: Uint8Array): PublishCommand | Failure {
  const body = parseObject(bytes);
  if (body === undefined) return failure("bad_message", "The body is not a JSON object in UTF-8.");
  const { channel } = body;
  if (typeof channel !== "string") return invalid("channel", "a channel name");
  const payload = payloadOf(body);
  if ("ok" in payload) return payload;
  const options: Record<string, unknown> = {};
  for (const [name, [fits, expected]] of Object.entries(optionShapes)) {
    const value = body[name];
    if (value === undefined) continue;
    if (!fits(value)) return invalid(name, expected);
    options[name] = value;
  }
  return { ok: true, channel, payload, options };
}

function parseObject(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function payloadOf(body: Record<string, unknown>): Payload | Failure {
  const { data, bytes } = body;
  if ((data === undefined) === (bytes === undefined)) {
    return invalid("data", "exactly one of `data` and `bytes`");
  }
  if (bytes === undefined) return { data };
  if (typeof bytes !== "string") return invalid("bytes", "base64 (RFC 4648 §4)");
  const decoded = Buffer.from(bytes, "base64");
  // Buffer skips what is not base64; only a true encoding comes back the same.
  if (decoded.toString("base64") !== bytes) return invalid("bytes", "base64 (RFC 4648 §4)");
  return { bytes: decoded };
}

function invalid(name: string, expected: string): Failure {
  return failure("invalid_field", `\`${name}\`: expected ${expected}.`, { field: `/${name}` });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
