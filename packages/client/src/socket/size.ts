import type { Payload } from "@holdfast/protocol";

const encoder = new TextEncoder();

/** Size of a payload on the wire in bytes: UTF-8 for text. */
export function byteLength(payload: Payload): number {
  return (typeof payload === "string" ? encoder.encode(payload) : payload).length;
}
