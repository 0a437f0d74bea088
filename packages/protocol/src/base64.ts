const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const notADigit = 0xff;

/** Character code → 6 bits. */
const digitOf = new Uint8Array(128).fill(notADigit);
for (let digit = 0; digit < 64; digit++) {
  digitOf[alphabet.charCodeAt(digit)] = digit;
}

/** Arguments of one `String.fromCharCode` call; engines limit a call's arguments. */
const CHUNK_CHARS = 8192;

/** Encodes bytes as base64 with padding (RFC 4648 §4). */
export function encodeBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let start = 0; start < bytes.length; start += CHUNK_CHARS) {
    // A spread would walk the bytes through an iterator, ten times slower.
    const chunk = bytes.subarray(start, start + CHUNK_CHARS);
    binary += Reflect.apply(String.fromCharCode, undefined, chunk);
  }
  // Every browser and Node has it; unlike `atob` it has no leniency to guard against.
  return btoa(binary);
}

/**
 * Decodes base64 with padding (RFC 4648 §4); `undefined` for anything else: no white space, no
 * URL-safe alphabet, no missing padding, no bits left over, so that bytes have exactly one text.
 */
export function decodeBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  const padded = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const digits = text.length - padded;
  const bytes = new Uint8Array((digits * 3) >> 2);
  let group = 0;
  let bits = 0;
  let at = 0;
  for (let index = 0; index < digits; index++) {
    const digit = digitOf[text.charCodeAt(index)] ?? notADigit;
    if (digit === notADigit) return undefined;
    group = (group << 6) | digit;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at++] = group >> bits;
  }
  // What is left of the last digit belongs to no byte.
  return group & ((1 << bits) - 1) ? undefined : bytes;
}
