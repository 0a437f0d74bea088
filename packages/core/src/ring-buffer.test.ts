import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RingBuffer } from "./ring-buffer.js";

describe("RingBuffer", () => {
  it("drops the oldest item when a full one takes another, and hands it back", () => {
    const ring = new RingBuffer<number>(3);
    expect([1, 2, 3].map((n) => ring.push(n))).toEqual([undefined, undefined, undefined]);
    expect(ring.push(4)).toBe(1);
    expect([...ring]).toEqual([2, 3, 4]);
    expect([ring.at(0), ring.at(2), ring.at(-1), ring.at(3), ring.at(-4)]).toEqual([
      2,
      4,
      4,
      undefined,
      undefined,
    ]);
  });

  it("behaves like an array that is cut to its capacity", () => {
    const step = fc.oneof(
      fc.record({ push: fc.integer() }),
      fc.constantFrom("shift" as const, "clear" as const),
      fc.record({ push: fc.integer() }),
      fc.record({ push: fc.integer() }),
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.array(step, { maxLength: 200 }),
        (capacity, steps) => {
          const ring = new RingBuffer<number>(capacity);
          let model: number[] = [];
          for (const next of steps) {
            if (next === "shift") expect(ring.shift()).toBe(model.shift());
            else if (next === "clear") {
              ring.clear();
              model = [];
            } else {
              const dropped = model.length === capacity ? model.shift() : undefined;
              model.push(next.push);
              expect(ring.push(next.push)).toBe(dropped);
            }
            expect([...ring]).toEqual(model);
            expect(ring.length).toBe(model.length);
            for (let i = -model.length; i < model.length; i++) expect(ring.at(i)).toBe(model.at(i));
          }
        },
      ),
    );
  });

  it("refuses a capacity that is not a positive integer", () => {
    for (const capacity of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => new RingBuffer(capacity)).toThrow(RangeError);
    }
  });
});
