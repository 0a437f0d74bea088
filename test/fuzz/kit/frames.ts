import { deflateRawSync } from "node:zlib";
import type { SeededRandom } from "@holdfast/core/testing";

const opcodes = [0x0, 0x1, 0x2, 0x8, 0x9, 0xa];

/** A client's frame (RFC 6455 §5.2), right in most of its bits. */
export function frame(payload: Buffer, random: SeededRandom, firstByte?: number): Buffer {
  const first = firstByte ?? oddFirstByte(random);
  const isMasked = !random.chance(0.02);
  const mask = Buffer.from([random.int(256), random.int(256), random.int(256), random.int(256)]);
  const length = lengthField(payload.length, random);
  length[0] = (length[0] ?? 0) | (isMasked ? 0x80 : 0);
  const body = isMasked ? payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0)) : payload;
  return Buffer.concat([Buffer.of(first), length, isMasked ? mask : Buffer.alloc(0), body]);
}

function oddFirstByte(random: SeededRandom): number {
  const fin = random.chance(0.8) ? 0x80 : 0;
  const reserved = random.chance(0.03) ? random.int(8) << 4 : 0;
  const opcode = random.chance(0.03) ? random.int(16) : random.pick(opcodes);
  return fin | reserved | opcode;
}

/** The length as it should be, now and then in more bytes than it needs, rarely a wrong one. */
function lengthField(size: number, random: SeededRandom): Buffer {
  if (random.chance(0.01)) {
    const field = Buffer.alloc(9);
    field[0] = 127;
    field.writeBigUInt64BE(random.chance(0.5) ? 2n ** 63n : BigInt(random.uint32()), 1);
    return field;
  }
  if (size < 126 && !random.chance(0.02)) return Buffer.of(size);
  if (size <= 0xffff) {
    const field = Buffer.alloc(3);
    field[0] = 126;
    field.writeUInt16BE(size, 1);
    return field;
  }
  const field = Buffer.alloc(9);
  field[0] = 127;
  field.writeBigUInt64BE(BigInt(size), 1);
  return field;
}

/** A message in one frame or several, with control frames between them. */
export function message(text: Buffer, random: SeededRandom): Buffer {
  if (!random.chance(0.25)) return frame(text, random, random.chance(0.9) ? 0x81 : 0x82);
  const parts: Buffer[] = [];
  const pieces = 1 + random.int(5);
  const step = Math.ceil(text.length / pieces);
  for (let piece = 0; piece < pieces; piece++) {
    const last = piece === pieces - 1 ? 0x80 : 0;
    const opcode = piece === 0 ? 0x1 : 0x0;
    parts.push(frame(text.subarray(piece * step, (piece + 1) * step), random, last | opcode));
    if (random.chance(0.2)) parts.push(frame(Buffer.from("beat"), random, 0x89));
  }
  return Buffer.concat(parts);
}

/** A compressed message (RFC 7692 §7.2.1), whole, or with bytes that inflate to something else. */
export function compressed(text: Buffer, random: SeededRandom): Buffer {
  const body = deflateRawSync(text, { level: 1 + random.int(9) });
  const damaged = Buffer.from(body);
  if (random.chance(0.3) && damaged.length > 0)
    damaged[random.int(damaged.length)] = random.int(256);
  return frame(damaged, random, 0xc1);
}

/** A close with a code and a reason that need not be any. */
export function close(random: SeededRandom): Buffer {
  const body = Buffer.alloc(2 + random.int(8), random.int(256));
  body.writeUInt16BE(random.pick([0, 999, 1000, 1001, 1005, 1006, 1015, 3000, 4999, 5000, 65535]));
  return frame(body.subarray(0, random.chance(0.1) ? 1 : body.length), random, 0x88);
}
