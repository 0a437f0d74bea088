import { SeededRandom } from "@holdfast/core/testing";
import { expect, test } from "vitest";
import { digest } from "./payload.js";

test.each([
  [{ n: 1, text: "xyz" }, "d17m0t47i8ngem:20"],
  [{ b: [1, "two", null, { c: true }], a: "\u00e9\u4e2d\ud83d\ude00" }, "dl6hh0k19osd9z:42"],
  ['"quoted" \\ \n\u0001', "d177zuhn1doxtxb:24"],
  [["\ud800", "tail"], "d1v8x71w1n8y39w:17"],
  [-0.5, "dqchgw6x2hbs1:4"],
  [null, "dteocvu173lp0a:4"],
  [{}, "dp2deqv1wgjurj:2"],
])("a digest stays what stores remember it as: %j", (data, remembered) => {
  expect(digest({ data })).toBe(remembered);
});

test("a digest does not depend on the order of fields, and tells everything else apart", () => {
  expect(digest({ data: { a: 1, b: { d: [2], c: "3" } } })).toBe(
    digest({ data: { b: { c: "3", d: [2] }, a: 1 } }),
  );
  const random = new SeededRandom(7);
  const seen = new Map<string, string>();
  for (let count = 0; count < 10_000; count += 1) {
    const data = { text: random.id(1 + Math.floor(random.next() * 3)), list: [random.id(1)] };
    const text = JSON.stringify(data);
    expect(seen.get(digest({ data })) ?? text).toBe(text);
    seen.set(digest({ data }), text);
  }
});
