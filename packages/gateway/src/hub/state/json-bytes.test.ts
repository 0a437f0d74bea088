import { mergePatch } from "@holdfast/protocol";
import fc from "fast-check";
import { expect, it } from "vitest";
import { grownBytes, jsonBytes } from "./json-bytes.js";

const json = fc.jsonValue({ maxDepth: 3 });

it("a size is that of the JSON text, give or take its commas, escapes and the length of `true`", () => {
  fc.assert(
    fc.property(json, (value) => {
      const text = JSON.stringify(value);
      const slack = (text.match(/[,}\]]|\\.|true|-0/g)?.length ?? 0) * 6;
      expect(Math.abs(jsonBytes(value) - Buffer.byteLength(text))).toBeLessThanOrEqual(slack);
    }),
  );
});

it("what grew is the difference of the sizes", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ maxLength: 2 }), json), json, (before, patch) => {
      const after = mergePatch(before, patch);
      expect(grownBytes(before, after)).toBe(jsonBytes(after) - jsonBytes(before));
    }),
    { numRuns: 500 },
  );
});

it("what is no JSON value, or nested too deep, has no size", () => {
  const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)]);
  for (const value of [undefined, 1n, { a: () => 1 }, [Number.NaN], nested(129)]) {
    expect(jsonBytes(value)).toBeNaN();
  }
  expect(jsonBytes(nested(128))).toBe(257 + 128);
});
