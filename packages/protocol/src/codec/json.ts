import { decodeBase64, encodeBase64 } from "../base64.js";
import { findIJsonFault } from "../i-json.js";
import type { DownMessage } from "../schemas/down.js";
import type { UpMessage } from "../schemas/up.js";
import { type Codec, type Decoded, DecodeError, type Payload } from "./codec.js";

export type { Codec } from "./codec.js";

/** Deeper values are a mistake (a cycle, most likely), whatever a gateway's own limit says. */
const encodeLimits = { maxDepth: 256 };

const typesWithBytes: ReadonlySet<unknown> = new Set([
  "publish",
  "publication",
  "ephemeral",
  "call",
  "result",
]);

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null;

function bytesToText<T extends object>(message: T): T | (T & { bytes: string }) {
  if (!("bytes" in message) || !(message.bytes instanceof Uint8Array)) return message;
  return { ...message, bytes: encodeBase64(message.bytes) };
}

function encode(message: UpMessage | DownMessage): string {
  const wire =
    message.type === "history" && "publications" in message
      ? { ...message, publications: message.publications.map(bytesToText) }
      : bytesToText(message);
  const fault = findIJsonFault(wire, encodeLimits);
  if (fault !== undefined) {
    throw new TypeError(`${message.type}${fault.pointer} must be ${fault.expected}`);
  }
  return JSON.stringify(wire);
}

/** Text that is not base64 stays text, for the validation to name. */
function textToBytes(message: unknown): void {
  if (!isFields(message) || typeof message.bytes !== "string") return;
  if (!typesWithBytes.has(message.type)) return;
  const bytes = decodeBase64(message.bytes);
  if (bytes !== undefined) message.bytes = bytes;
}

function decodeText(text: string): unknown {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return new DecodeError("not a JSON text (RFC 8259)");
  }
  textToBytes(message);
  if (isFields(message) && message.type === "history" && Array.isArray(message.publications)) {
    for (const publication of message.publications) textToBytes(publication);
  }
  return message;
}

function decodeLines(frame: string, maxMessages: number): Decoded {
  const values: unknown[] = [];
  for (let start = 0; start < frame.length; ) {
    const newline = frame.indexOf("\n", start);
    const end = newline === -1 ? frame.length : newline;
    const line = frame.slice(start, end);
    start = end + 1;
    if (line.trim() === "") continue;
    if (values.length === maxMessages) {
      values.push(new DecodeError(`more than ${maxMessages} messages in a frame`));
      break;
    }
    values.push(decodeText(line));
  }
  return values.length > 0 ? values : [new DecodeError("the frame is empty")];
}

function decode(payload: Payload, maxMessages: number): Decoded {
  if (typeof payload !== "string") return [new DecodeError("expected a text frame")];
  const lines = decodeLines(payload, maxMessages);
  if (!(lines[0] instanceof DecodeError) || lines.length === 1) return lines;
  // One JSON text is one message, also when it was printed over several lines.
  const single = decodeText(payload);
  return single instanceof DecodeError ? lines : [single];
}

/**
 * JSON as text frames: one message a frame, or several on a line each (JSON lines). A frame that
 * is one JSON text over several lines is one message. `bytes` travel as base64 (RFC 4648 §4).
 * `encode` throws `TypeError` naming the place where a value leaves I-JSON (RFC 7493).
 */
export const jsonCodec: Codec = {
  name: "json",
  subprotocol: "holdfast.v1.json",
  binary: false,
  encode,
  decode,
};
