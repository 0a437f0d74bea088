import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Frame } from "../transport.js";
import { deflatedBytes } from "./deflating.js";
import { framedBytes, sharedBytes, truncateReason, withPing } from "./framing.js";

const text = (payload: string): Frame => new Frame(payload, Buffer.byteLength(payload));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("an RFC 6455 data frame", () => {
  it("is the single-frame unmasked text message of RFC 6455 §5.7", () => {
    expect(hex(framedBytes(text("Hello")))).toBe("810548656c6c6f");
  });

  it("is binary for bytes", () => {
    expect(hex(framedBytes(new Frame(Uint8Array.of(1, 2), 2)))).toBe("82020102");
  });

  it.each([
    [0, "8100"],
    [125, "817d"],
    [126, "817e007e"],
    [65_535, "817effff"],
    [65_536, "817f0000000000010000"],
  ])("has the shortest length field for %d bytes", (size, header) => {
    const bytes = framedBytes(text("x".repeat(size)));
    expect(hex(bytes.subarray(0, header.length / 2))).toBe(header);
    expect(bytes.byteLength).toBe(header.length / 2 + size);
  });

  it("counts bytes, not characters", () => {
    expect(hex(framedBytes(text("€")))).toBe("8103e282ac");
  });

  it("follows a ping in the same bytes, compressed or not, made once for all", () => {
    const message = text("Hello");
    const both = withPing(message);
    expect(withPing(message)).toBe(both);
    expect(hex(framedBytes(both))).toBe("8900810548656c6c6f");
    const compression = { thresholdBytes: 0, level: 1 };
    expect(hex(deflatedBytes(both, compression))).toBe("8900810548656c6c6f");
    expect(hex(framedBytes(message))).toBe("810548656c6c6f");
  });

  it("is made once for all who receive it", () => {
    const frame = text("shared");
    expect(framedBytes(frame)).toBe(framedBytes(frame));
    expect(sharedBytes([frame]).parts).toEqual([framedBytes(frame)]);
    expect(sharedBytes([frame]).parts[0]).toBe(framedBytes(frame));
  });

  it("is refused when the size given is not the payload's", () => {
    expect(() => framedBytes(new Frame("abc", 2))).toThrow("Frame.size is 2");
    expect(() => framedBytes(new Frame("abc", 4))).toThrow("Frame.size is 4");
    expect(() => framedBytes(new Frame(new Uint8Array(3), 2))).toThrow("has 3 bytes");
  });

  it("is joined with the small ones of the same write, in order", () => {
    const { parts, size } = sharedBytes([text("a"), text("b"), text("c")]);
    expect(parts.map(hex)).toEqual(["810161810162810163"]);
    expect(size).toBe(9);
  });

  it("is not copied where it is large", () => {
    const large = text("x".repeat(10_000));
    const { parts, size } = sharedBytes([text("a"), text("b"), large, large, text("c")]);
    expect(parts.map(({ byteLength }) => byteLength)).toEqual([6, 10_004, 10_004, 3]);
    expect(parts[1]).toBe(framedBytes(large));
    expect(size).toBe(20_017);
  });
});

describe("a close reason (abuse 16)", () => {
  it("is left alone up to 123 bytes", () => {
    expect(truncateReason("x".repeat(123))).toBe("x".repeat(123));
  });

  it("is cut before the character that does not fit", () => {
    expect(truncateReason(`${"x".repeat(122)}€`)).toBe("x".repeat(122));
  });

  it("never ends inside a UTF-8 sequence, and fits", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 60, maxLength: 200 }), (reason) => {
        const cut = truncateReason(reason);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(123);
        expect(reason.startsWith(cut)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
