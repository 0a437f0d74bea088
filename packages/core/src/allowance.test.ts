import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Allowance } from "./allowance.js";
import { VirtualClock } from "./testing/virtual-clock.js";
import { TokenBucket } from "./token-bucket.js";

describe("Allowance", () => {
  it("permits what a token bucket permits, and tells a wait that suffices", () => {
    const rate = fc.record({ perSecond: fc.integer({ min: 1, max: 500 }), burst: fc.nat(50) });
    const steps = fc.array(fc.record({ afterMs: fc.nat(400), cost: fc.nat(60) }), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(rate, steps, ({ perSecond, burst }, taken) => {
        const clock = new VirtualClock();
        const allowance = new Allowance(clock, perSecond, burst + 1);
        const bucket = new TokenBucket(clock, { perSecond, burst: burst + 1 });
        let fullAtMs = 0;
        for (const { afterMs, cost } of taken) {
          clock.advance(afterMs);
          const waitMs = allowance.waitMs(fullAtMs, cost);
          expect(Math.abs(waitMs - bucket.waitMs(cost)) <= 1 || waitMs === Infinity).toBe(true);
          if (waitMs === Infinity) {
            expect(cost).toBeGreaterThan(burst + 1);
            continue;
          }
          clock.advance(waitMs);
          expect(allowance.waitMs(fullAtMs, cost)).toBe(0);
          fullAtMs = allowance.after(fullAtMs, cost);
          // The bucket may be a rounding error short of the whole token.
          if (!bucket.take(cost)) bucket.take(bucket.tokens);
        }
      }),
    );
  });

  it("is full at first and after rest, whatever the clock says", () => {
    const clock = new VirtualClock();
    clock.advance(5_000);
    const allowance = new Allowance(clock, 10, 3);
    expect(allowance.waitMs(0, 3)).toBe(0);
    const emptied = allowance.after(0, 3);
    expect(allowance.waitMs(emptied, 1)).toBe(100);
    clock.advance(300);
    expect(allowance.waitMs(emptied, 3)).toBe(0);
    expect(allowance.waitMs(emptied, 4)).toBe(Infinity);
  });

  it.each([
    [0, 1],
    [1, 0],
    [Infinity, 1],
    [Number.NaN, 1],
  ])("refuses a rate of %d and a burst of %d", (perSecond, burst) => {
    expect(() => new Allowance(new VirtualClock(), perSecond, burst)).toThrow(RangeError);
  });
});
