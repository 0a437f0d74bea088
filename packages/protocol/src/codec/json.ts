import { findIJsonFault } from "../i-json.js";
import type { DownMessage } from "../schemas/down.js";
import type { UpMessage } from "../schemas/up.js";
import { type Codec, type Decoded, DecodeError, type Payload } from "./codec.js";
import { decodeLines, decodeText, jsonOf } from "./json-lines.js";

export type { Codec } from "./codec.js";
export { clientJsonCodec } from "./json-client.js";

/** Deeper values are a mistake (a cycle, most likely), whatever a gateway's own limit says. */
const encodeLimits = { maxDepth: 256 };

function encode(message: UpMessage | DownMessage): string {
  const wire = jsonOf(message);
  const fault = findIJsonFault(wire, encodeLimits);
  if (fault !== undefined) {
    throw new TypeError(`${message.type}${fault.pointer} must be ${fault.expected}`);
  }
  return JSON.stringify(wire);
}

function answering(payload: Payload, id: number): string {
  return `{"id":${id},${String(payload).slice(1)}`;
}

function decode(payload: Payload, maxMessages: number): Decoded {
  const lines = decodeLines(payload, maxMessages);
  if (!(lines[0] instanceof DecodeError) || lines.length === 1) return lines;
  // One JSON text is one message, also when it was printed over several lines.
  const single = decodeText(String(payload));
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
  answering,
  decode,
};
