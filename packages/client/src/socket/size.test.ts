import fc from "fast-check";
import { expect, it } from "vitest";
import { byteLength, exceeds } from "./size.js";

it("measures text as UTF-8, and a bound on it is exact", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.integer({ min: -2, max: 2 }), (text, more) => {
      const bytes = new TextEncoder().encode(text).length;
      expect(byteLength(text)).toBe(bytes);
      expect(exceeds(text, bytes + more)).toBe(more < 0);
    }),
  );
  expect(exceeds(new Uint8Array(3), 2)).toBe(true);
  expect(exceeds(new Uint8Array(3), 3)).toBe(false);
});
