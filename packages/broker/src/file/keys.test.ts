import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  idKey,
  idOfKey,
  maxKeyTextUnits,
  numberKey,
  numberOfKey,
  textKey,
  textOfKey,
} from "./keys.js";

/** Any string: every UTF-16 unit, lone surrogates included. */
const anyText = fc
  .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 40 })
  .map((units) => String.fromCharCode(...units));
const number = fc.integer({ min: 0, max: 2 ** 48 - 1 });

describe("keys of the store", () => {
  test("give every text back, with and without an id, so that no two texts share a key", () => {
    fc.assert(
      fc.property(anyText, number, (text, id) => {
        expect(textOfKey(textKey(text))).toBe(text);
        const key = textKey(text, id);
        expect([idOfKey(key), textOfKey(key, true)]).toEqual([id, text]);
      }),
    );
  });

  test("sort numbers under an id as numbers, and ids apart", () => {
    fc.assert(
      fc.property(number, number, number, (id, left, right) => {
        const order = Buffer.compare(numberKey(id, left), numberKey(id, right));
        expect(order).toBe(Math.sign(left - right));
        expect(numberOfKey(numberKey(id, left))).toBe(left);
        const key = numberKey(id, left);
        expect(Buffer.compare(idKey(id), key)).toBe(-1);
        if (id + 1 < 2 ** 48) expect(Buffer.compare(key, idKey(id + 1))).toBe(-1);
      }),
    );
  });

  test("are within LMDB's 1,978 bytes for the longest text there may be", () => {
    const longest = "\u{ffff}".repeat(maxKeyTextUnits);
    expect(textKey(longest, 1).length).toBeLessThanOrEqual(1_978);
  });
});
