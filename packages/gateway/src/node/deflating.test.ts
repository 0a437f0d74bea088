import { randomBytes } from "node:crypto";
import { inflateRawSync } from "node:zlib";
import { expect, it } from "vitest";
import { Frame } from "../transport.js";
import { acceptableDeflate } from "./deflate-offers.js";
import { deflatedBytes, takesDeflated } from "./deflating.js";
import { framedBytes } from "./framing.js";

const compression = { thresholdBytes: 100, level: 3 };
const frameOf = (payload: string | Uint8Array) => new Frame(payload, Buffer.byteLength(payload));

/** RFC 7692 §7.2.2. */
function inflate(frame: Uint8Array): string {
  const header = (frame[1] ?? 0) < 126 ? 2 : 4;
  const tail = Buffer.of(0, 0, 0xff, 0xff);
  const body = Buffer.concat([frame.subarray(header), tail]);
  return inflateRawSync(body, { finishFlush: 2 }).toString("utf8");
}

it("a message is compressed once, by itself, with RSV1 set", () => {
  const text = "größer ".repeat(1_000);
  const frame = frameOf(text);
  const bytes = deflatedBytes(frame, compression);
  expect(deflatedBytes(frame, compression)).toBe(bytes);
  expect([bytes[0], bytes.byteLength < text.length / 10]).toEqual([0xc1, true]);
  expect(inflate(bytes)).toBe(text);
  expect(deflatedBytes(frameOf(Buffer.alloc(5_000)), compression)[0]).toBe(0xc2);
  expect(framedBytes(frame)[0]).toBe(0x81);
});

it("a message is sent as it is where it is small or cannot be made smaller", () => {
  for (const payload of ["x".repeat(99), randomBytes(4_000)]) {
    const frame = frameOf(payload);
    expect(deflatedBytes(frame, compression)).toBe(framedBytes(frame));
  }
});

it.each([
  [undefined, false],
  ["x-other", false],
  ["permessage-deflate; server_no_context_takeover; client_no_context_takeover", true],
  ["permessage-deflate; server_max_window_bits=15", true],
  ["permessage-deflate; server_max_window_bits=9", false],
])("a connection that offered %j takes the shared frames: %s", (offer, takes) => {
  expect(takesDeflated(acceptableDeflate(offer))).toBe(takes);
});
