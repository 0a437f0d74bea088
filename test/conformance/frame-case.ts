/** One case of the table: what a client writes, and every frame it must get back. */
export interface FrameCase {
  /** The section of RFC 6455 (or RFC 7692 where it says so) that the expectation comes from. */
  readonly section: string;
  readonly name: string;
  /** Written one after the other. */
  readonly writes: readonly Buffer[];
  /** Data and pong frames in order, as `echo` makes them. */
  readonly answers?: readonly string[];
  /** The close code that ends it; absent: the client closes with 1000 after its writes. */
  readonly close?: number | "empty";
}

export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;
const FIN = 0x80;

/** How a frame differs from a final, masked one of the shortest form. */
export interface FrameShape {
  readonly fin?: boolean;
  /** Reserved bits in place: 0x40, 0x20, 0x10. */
  readonly rsv?: number;
  readonly masked?: boolean;
  readonly mask?: Buffer;
  /** Bytes of the extended length: 0, 2 or 8. Default: the fewest. */
  readonly lengthBytes?: 0 | 2 | 8;
}

/** A client's frame (RFC 6455 §5.2). */
export function frame(opcode: number, payload: Buffer | string, shape: FrameShape = {}): Buffer {
  const body = Buffer.from(payload as string);
  const { fin = true, rsv = 0, masked = true, mask = Buffer.of(0x37, 0xfa, 0x21, 0x3d) } = shape;
  const shortest = body.length < 126 ? 0 : body.length < 65_536 ? 2 : 8;
  const lengthBytes = shape.lengthBytes ?? shortest;
  const length = Buffer.alloc(1 + lengthBytes);
  length[0] =
    (masked ? 0x80 : 0) | (lengthBytes === 0 ? body.length : lengthBytes === 2 ? 126 : 127);
  if (lengthBytes === 2) length.writeUInt16BE(body.length, 1);
  if (lengthBytes === 8) length.writeBigUInt64BE(BigInt(body.length), 1);
  const first = Buffer.of((fin ? FIN : 0) | rsv | opcode);
  if (!masked) return Buffer.concat([first, length, body]);
  return Buffer.concat([first, length, mask, Buffer.from(body.map((b, i) => b ^ mask[i % 4]!))]);
}

/** A close frame with a code and, after it, bytes. */
export function closeFrame(code: number, reason: Buffer | string = ""): Buffer {
  const head = Buffer.alloc(2);
  head.writeUInt16BE(code);
  return frame(CLOSE, Buffer.concat([head, Buffer.from(reason as string)]));
}

/** How an answer is written down: opcode and payload, a long one by its length and end. */
export function echo(opcode: number, payload: Buffer | string): string {
  const bytes = Buffer.from(payload as string);
  const hex = bytes.toString("hex");
  return `${opcode}:${hex.length <= 300 ? hex : `${bytes.length} bytes … ${hex.slice(-32)}`}`;
}

/** A message cut into two frames at a byte. */
export function cut(opcode: number, payload: Buffer, at: number): Buffer[] {
  return [frame(opcode, payload.subarray(0, at), { fin: false }), frame(0, payload.subarray(at))];
}
