import type { Payload } from "@holdfast/protocol";

/** Size of a payload on the wire in bytes: UTF-8 for text. */
export function byteLength(payload: Payload): number {
  if (typeof payload !== "string") return payload.length;
  let bytes = payload.length;
  for (let index = 0; index < payload.length; index += 1) {
    const unit = payload.charCodeAt(index);
    if (unit < 0x80) continue;
    // A surrogate pair is two units and four bytes; every other unit above 0x7ff is three bytes.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}
