import type { IncomingMessage, ServerResponse } from "node:http";
import { type Failure, failure } from "@holdfast/protocol";
import type { PublishOptions } from "../core-contract.js";
import { sendFailure, sendJson } from "./http-response.js";
import {
  isRecord,
  type KeyedRouteOptions,
  keyedBody,
  parseObject,
  startedCore,
} from "./keyed-request.js";

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
  options: KeyedRouteOptions,
): Promise<void> {
  const bytes = await keyedBody(request, response, options);
  if (bytes === undefined) return;
  const command = parsePublish(bytes);
  if (!command.ok) {
    sendFailure(response, command);
    return;
  }
  const gateway = startedCore(response, options.core);
  if (gateway === undefined) return;
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

function isText(value: unknown): value is string {
  return typeof value === "string";
}
