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
  const length = text.length;
  if (length % 4 !== 0) return undefined;
  if (length === 0) return new Uint8Array(0);
  const padded = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const bytes = new Uint8Array((length / 4) * 3 - padded);
  const digits = length - padded;
  let group = 0;
  let at = 0;
  for (let index = 0; index < digits; index++) {
    const digit = digitOf[text.charCodeAt(index)] ?? notADigit;
    if (digit === notADigit) return undefined;
    group = (group << 6) | digit;
    if (index % 4 === 3) {
      bytes[at++] = group >> 16;
      bytes[at++] = (group >> 8) & 0xff;
      bytes[at++] = group & 0xff;
      group = 0;
    }
  }
  if (padded === 2) {
    if ((group & 0xf) !== 0) return undefined;
    bytes[at] = group >> 4;
  } else if (padded === 1) {
    if ((group & 0x3) !== 0) return undefined;
    bytes[at++] = group >> 10;
    bytes[at] = (group >> 2) & 0xff;
  }
  return bytes;
}
