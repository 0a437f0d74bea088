import type { Payload } from "@holdfast/protocol";

const encoder = new TextEncoder();

/** Size of a payload on the wire in bytes: UTF-8 for text. */
export function byteLength(payload: Payload): number {
  return (typeof payload === "string" ? encoder.encode(payload) : payload).length;
}

/** Whether a payload has more than `maxBytes` on the wire; looks at its characters only in doubt. */
export function exceeds(payload: Payload, maxBytes: number): boolean {
  // No UTF-16 unit is more than three bytes.
  return payload.length * 3 > maxBytes && byteLength(payload) > maxBytes;
}
