import type { SeededRandom } from "@holdfast/core/testing";

/** Most bytes of an input: beyond it only the limits would be tried, again and again. */
const MAX_INPUT_BYTES = 131_072;

/** Bytes that parsers treat in a way of their own. */
const notable = [
  0x00, 0x0a, 0x0d, 0x20, 0x22, 0x2c, 0x3a, 0x5b, 0x5c, 0x7b, 0x7d, 0x7e, 0x7f, 0x80, 0x81, 0xc0,
  0xc1, 0xc3, 0xdf, 0xed, 0xf4, 0xfe, 0xff,
];

/** Texts that parsers treat in a way of their own. */
const notableTexts = [
  "__proto__",
  "constructor",
  "\\ud800",
  "\\u0000",
  "1e999",
  "-0",
  "9007199254740993",
  "null",
  "[[[[[[[[",
  "{}",
  '""',
  "\r\n",
  "\r\n\r\n",
  "\n",
  "%00",
  "../",
  "\ufeff",
  "\u{1f600}",
].map((text) => Buffer.from(text));

type Change = (bytes: Buffer, random: SeededRandom) => Buffer;

const place = (bytes: Buffer, random: SeededRandom): number => random.int(bytes.length + 1);

const replaced = (bytes: Buffer, from: number, to: number, by: Uint8Array): Buffer =>
  Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(to)]);

/** Short pieces mostly, long ones now and then. */
const lengthOf = (random: SeededRandom): number => 1 + random.int(random.chance(0.1) ? 2_000 : 12);

const changes: readonly Change[] = [
  // One bit.
  (bytes, random) => {
    const copy = Buffer.from(bytes);
    const at = random.int(Math.max(1, copy.length));
    if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << random.int(8));
    return copy;
  },
  // One byte.
  (bytes, random) => {
    const copy = Buffer.from(bytes);
    const at = random.int(Math.max(1, copy.length));
    if (at < copy.length) copy[at] = random.chance(0.5) ? random.pick(notable) : random.int(256);
    return copy;
  },
  (bytes, random) => {
    const at = place(bytes, random);
    return replaced(bytes, at, at, Buffer.of(random.pick(notable)));
  },
  (bytes, random) => {
    const at = place(bytes, random);
    return replaced(bytes, at, at, random.pick(notableTexts));
  },
  // Random bytes.
  (bytes, random) => {
    const at = place(bytes, random);
    const piece = Buffer.from(Array.from({ length: lengthOf(random) }, () => random.int(256)));
    return replaced(bytes, at, at, piece);
  },
  // Taken out.
  (bytes, random) => {
    const at = place(bytes, random);
    return replaced(bytes, at, Math.min(bytes.length, at + lengthOf(random)), Buffer.alloc(0));
  },
  // Cut off.
  (bytes, random) => bytes.subarray(0, place(bytes, random)),
  // A piece of it again, elsewhere.
  (bytes, random) => {
    const from = place(bytes, random);
    const piece = bytes.subarray(from, from + lengthOf(random));
    const at = place(bytes, random);
    return replaced(bytes, at, at, piece);
  },
  // One byte many times.
  (bytes, random) => {
    const at = place(bytes, random);
    const byte = bytes[Math.min(at, bytes.length - 1)] ?? 0;
    return replaced(bytes, at, at, Buffer.alloc(lengthOf(random), byte));
  },
  // A decimal number became another.
  (bytes, random) => {
    const digits = bytes.findIndex((byte) => byte >= 0x30 && byte <= 0x39);
    if (digits === -1) return bytes;
    const number = random.pick(["-1", "0", "1.5", "1e21", "4294967296", "18446744073709551616"]);
    return replaced(bytes, digits, digits + 1, Buffer.from(number));
  },
];

/** Input with one change, or a few; sometimes with none. */
export function spoilt(bytes: Buffer, random: SeededRandom): Buffer {
  let spoiling = bytes;
  const count = random.int(random.chance(0.1) ? 16 : 4);
  for (let i = 0; i < count; i++) spoiling = random.pick(changes)(spoiling, random);
  return spoiling.length > MAX_INPUT_BYTES ? spoiling.subarray(0, MAX_INPUT_BYTES) : spoiling;
}

/** Bytes that never were anything. */
export function noise(random: SeededRandom): Buffer {
  return Buffer.from(Array.from({ length: random.int(64) }, () => random.int(256)));
}
