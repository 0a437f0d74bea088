import { SharedBytes } from "@holdfast/fanout";
import { Frame } from "../transport.js";

const FIN_TEXT = 0x81;
const FIN_BINARY = 0x82;

/** Bytes of an unmasked RFC 6455 §5.2 header for a payload of `size` bytes. */
function headerBytes(size: number): number {
  if (size < 126) return 2;
  return size < 65_536 ? 4 : 10;
}

/**
 * The RFC 6455 frame of an encoded message: FIN set, unmasked as servers must send (§5.1).
 * Made once and kept on the `Frame`, so that all its receivers share the same bytes.
 */
export function framedBytes(frame: Frame): Uint8Array {
  if (frame.framed !== undefined) return frame.framed;
  const { payload, size } = frame;
  const actual = typeof payload === "string" ? Buffer.byteLength(payload) : payload.byteLength;
  // A wrong size would shift every later frame of every receiver: better no frame at all.
  if (actual !== size) throw new Error(`Frame.size is ${size}, its payload has ${actual} bytes`);
  frame.framed = framed(payload, typeof payload === "string", 0, size);
  return frame.framed;
}

/** RFC 6455 §5.5.2: a ping with nothing to say. */
const PING = Uint8Array.of(0x89, 0);
const pinged = new WeakMap<Frame, Frame>();

/** A message in the same bytes as a ping before it, made once for all connections. */
export function withPing(message: Frame): Frame {
  const known = pinged.get(message);
  if (known !== undefined) return known;
  const both = new Frame(message.payload, message.size);
  both.framed = Buffer.concat([PING, framedBytes(message)]);
  both.deflated = both.framed;
  pinged.set(message, both);
  return both;
}

/** A frame of a payload, FIN set, with further bits of the first byte. */
export function framed(
  payload: string | Uint8Array,
  isText: boolean,
  bits: number,
  size = payload.length,
): Uint8Array {
  const header = headerBytes(size);
  const bytes = Buffer.allocUnsafe(header + size);
  bytes[0] = (isText ? FIN_TEXT : FIN_BINARY) | bits;
  if (header === 2) {
    bytes[1] = size;
  } else if (header === 4) {
    bytes[1] = 126;
    bytes.writeUInt16BE(size, 2);
  } else {
    bytes[1] = 127;
    bytes.writeUInt32BE(Math.floor(size / 2 ** 32), 2);
    bytes.writeUInt32BE(size >>> 0, 6);
  }
  if (typeof payload === "string") bytes.write(payload, header, "utf8");
  else bytes.set(payload, header);
  return bytes;
}

/** Frames from this size on are handed to the kernel where they are; smaller ones are cheaper to copy. */
const MIN_VECTOR_BYTES = 8_192;

/** All frames in order as the bytes of one write: small ones joined, large ones as parts of their own. */
export function sharedBytes(
  frames: readonly Frame[],
  bytesOf: (frame: Frame) => Uint8Array = framedBytes,
): SharedBytes {
  const parts: Uint8Array[] = [];
  let small: Uint8Array[] = [];
  for (const frame of frames) {
    const bytes = bytesOf(frame);
    if (bytes.byteLength < MIN_VECTOR_BYTES) {
      small.push(bytes);
      continue;
    }
    join(small, parts);
    small = [];
    parts.push(bytes);
  }
  join(small, parts);
  return new SharedBytes(parts);
}

/** Adds small frames to `parts` as one; a single one is not copied. */
function join(small: readonly Uint8Array[], parts: Uint8Array[]): void {
  const [first] = small;
  if (first !== undefined) parts.push(small.length === 1 ? first : Buffer.concat(small));
}

/** RFC 6455 §5.5: a control frame holds 125 bytes, two of them the close code. */
const MAX_REASON_BYTES = 123;

/** Cuts a close reason to what fits, never inside a UTF-8 sequence. */
export function truncateReason(reason: string): string {
  const bytes = Buffer.from(reason, "utf8");
  if (bytes.byteLength <= MAX_REASON_BYTES) return reason;
  let end = MAX_REASON_BYTES;
  // 10xxxxxx is a continuation byte: the sequence it belongs to began before `end`.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.toString("utf8", 0, end);
}
