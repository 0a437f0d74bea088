import { decodeBase64, encodeBase64 } from "../base64.js";
import type { DownMessage } from "../schemas/down.js";
import type { UpMessage } from "../schemas/up.js";
import { type Decoded, DecodeError, type Payload } from "./codec.js";

const typesWithBytes: ReadonlySet<unknown> = new Set([
  "publish",
  "publication",
  "ephemeral",
  "call",
  "result",
]);

type Fields = Record<string, unknown>;

const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null;

/** A message with its `bytes`, if it has any, as base64 (RFC 4648 §4). */
export function bytesToText<T extends object>(message: T): T | (T & { bytes: string }) {
  if (!("bytes" in message) || !(message.bytes instanceof Uint8Array)) return message;
  return { ...message, bytes: encodeBase64(message.bytes) };
}

/** A message as JSON has it: every `bytes` as base64. */
export function jsonOf(message: UpMessage | DownMessage): object {
  return message.type === "history" && "publications" in message
    ? { ...message, publications: message.publications.map(bytesToText) }
    : bytesToText(message);
}

/** Text that is not base64 stays text, for the validation to name. */
function textToBytes(message: unknown): void {
  if (!isFields(message) || typeof message.bytes !== "string") return;
  if (!typesWithBytes.has(message.type)) return;
  const bytes = decodeBase64(message.bytes);
  if (bytes !== undefined) message.bytes = bytes;
}

/** The message of one JSON text, its `bytes` decoded; an error where the text is not a message. */
export function decodeText(text: string): unknown {
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

/** The messages of a text frame, one a line. */
export function decodeLines(frame: Payload, maxMessages: number): Decoded {
  if (typeof frame !== "string") return [new DecodeError("expected a text frame")];
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
