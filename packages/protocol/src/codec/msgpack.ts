import { findIJsonFault } from "../i-json.js";
import type { DownMessage } from "../schemas/down.js";
import type { UpMessage } from "../schemas/up.js";
import { type Codec, type Decoded, DecodeError, type Payload } from "./codec.js";
import { jsonOf } from "./json-lines.js";
import { MessagePackReader } from "./msgpack/reader.js";
import { AnnouncedRefs } from "./msgpack/refs.js";
import { MessagePackWriter, Unwritable } from "./msgpack/writer.js";

export type { Codec } from "./codec.js";

/** A larger buffer is dropped after use. */
const MAX_KEPT_BYTES = 1_048_576;
/** A length is a number of 32 bits at most. */
const MAX_PREFIX_BYTES = 5;
/** A map of fewer members says how many in its first byte. */
const MAX_FIXMAP_MEMBERS = 15;
const FIXMAP = 0x80;
const faultLimits = { maxDepth: 256 };

type Message = UpMessage | DownMessage;

/** The writer that is not in use: what is encoded may have accessors, and they may encode something. */
let idle: MessagePackWriter | undefined;

function writeMessage(writer: MessagePackWriter, message: Message, ref: number): void {
  const fields = message as Readonly<Record<string, unknown>>;
  const { type } = message;
  const isPush = type === "publication" || type === "ephemeral";
  const announces = ref > 0 && type === "subscribed";
  let count = announces ? 1 : 0;
  for (const name in fields) if (fields[name] !== undefined) count++;
  writer.map(count);
  for (const name in fields) {
    const value = fields[name];
    if (value === undefined) continue;
    if (isPush && ref > 0 && name === "channel") writeRef(writer, ref);
    else {
      writer.text(name);
      if (name === "bytes" && value instanceof Uint8Array) writer.bin(value);
      else if (type === "history" && name === "publications" && Array.isArray(value)) {
        writer.array(value.length);
        for (const publication of value) writeMessage(writer, publication, 0);
      } else writer.value(value);
    }
  }
  if (announces) writeRef(writer, ref);
}

function writeRef(writer: MessagePackWriter, ref: number): void {
  writer.text("ref");
  writer.number(ref);
}

function encode(message: Message, ref = 0): Uint8Array {
  const writer = idle ?? new MessagePackWriter();
  idle = undefined;
  try {
    writer.begin();
    writeMessage(writer, message, ref);
    return writer.finish();
  } catch (error) {
    const fault = findIJsonFault(jsonOf(message), faultLimits);
    if (!(error instanceof Unwritable) || fault === undefined) throw error;
    throw new TypeError(`${message.type}${fault.pointer} must be ${fault.expected}`);
  } finally {
    if (writer.capacity <= MAX_KEPT_BYTES) idle = writer;
  }
}

/** A length and where it ends. */
interface Prefix {
  readonly size: number;
  readonly end: number;
}

/** Reads a varint (LEB128, as Protocol Buffers have it); undefined: there is no valid one of at most 32 bits. */
function prefixAt(bytes: Uint8Array, start: number): Prefix | undefined {
  let size = 0;
  let scale = 1;
  for (let at = start; at < Math.min(bytes.length, start + MAX_PREFIX_BYTES); at++) {
    const byte = bytes[at] ?? 0;
    size += (byte & 0x7f) * scale;
    scale *= 0x80;
    if (byte < 0x80) return { size, end: at + 1 };
  }
  return undefined;
}

function decode(payload: Payload, maxMessages: number): Decoded {
  if (typeof payload === "string") return [new DecodeError("expected a binary frame")];
  if (payload.length === 0) return [new DecodeError("the frame is empty")];
  const reader = new MessagePackReader(payload);
  const values: unknown[] = [];
  for (let at = 0; at < payload.length; ) {
    if (values.length === maxMessages) {
      values.push(new DecodeError(`more than ${maxMessages} messages in a frame`));
      break;
    }
    const prefix = prefixAt(payload, at);
    if (prefix === undefined || prefix.size > payload.length - prefix.end) {
      // Where the next message would begin nobody knows.
      values.push(new DecodeError("a message's length is no varint, or goes beyond the frame"));
      break;
    }
    at = prefix.end + prefix.size;
    values.push(readMessage(reader, prefix.end, at));
  }
  return values;
}

function readMessage(reader: MessagePackReader, start: number, end: number): unknown {
  try {
    return reader.read(start, end);
  } catch (error) {
    if (error instanceof DecodeError) return error;
    throw error;
  }
}

function answering(payload: Payload, id: number): Uint8Array {
  const prefix = typeof payload === "string" ? undefined : prefixAt(payload, 0);
  const head = typeof payload === "string" ? 0 : (payload[prefix?.end ?? 0] ?? 0);
  if (typeof payload === "string" || prefix === undefined || head >= FIXMAP + MAX_FIXMAP_MEMBERS) {
    throw new Error("an answer is one message with room for its number");
  }
  const writer = new MessagePackWriter();
  writer.begin();
  writer.map(head - FIXMAP + 1);
  writer.text("id");
  writer.number(id);
  writer.raw(payload.subarray(prefix.end + 1));
  return writer.finish();
}

/**
 * MessagePack as binary frames: one or more messages, each after its length as a varint. The messages
 * and their values are those of JSON, but that `bytes` are a byte string and that `publication` and
 * `ephemeral` name their channel by the number that `subscribed` announced. Extensions are not taken.
 * `encode` throws `TypeError` naming the place where a value leaves I-JSON (RFC 7493).
 */
export const msgpackCodec: Codec = {
  name: "msgpack",
  subprotocol: "holdfast.v1.msgpack",
  binary: true,
  encode,
  answering,
  decode,
  forConnection: () => {
    const refs = new AnnouncedRefs();
    return {
      ...msgpackCodec,
      decode: (payload, maxMessages) =>
        decode(payload, maxMessages).map((value) => refs.resolve(value)),
    };
  },
};
