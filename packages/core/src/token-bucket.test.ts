import { describe, expect, it } from "vitest";
import { VirtualClock } from "./testing/virtual-clock.js";
import { TokenBucket } from "./token-bucket.js";

describe("TokenBucket", () => {
  it("permits a burst, then the rate", () => {
    const clock = new VirtualClock();
    const bucket = new TokenBucket(clock, { perSecond: 10, burst: 3 });
    expect([bucket.take(), bucket.take(), bucket.take(), bucket.take()]).toEqual([
      true,
      true,
      true,
      false,
    ]);
    clock.advance(99);
    expect(bucket.take()).toBe(false);
    clock.advance(1);
    expect([bucket.take(), bucket.take()]).toEqual([true, false]);
  });

  it("never holds more than its burst", () => {
    const clock = new VirtualClock();
    const bucket = new TokenBucket(clock, { perSecond: 1000, burst: 5 });
    clock.advance(3_600_000);
    expect(bucket.tokens).toBe(5);
    expect(bucket.take(6)).toBe(false);
    expect(bucket.tokens).toBe(5);
  });

  it("tells how long to wait, and the wait suffices", () => {
    const clock = new VirtualClock();
    const bucket = new TokenBucket(clock, { perSecond: 3, burst: 10 });
    bucket.take(9);
    expect(bucket.waitMs()).toBe(0);
    expect(bucket.waitMs(11)).toBe(Number.POSITIVE_INFINITY);
    const waitMs = bucket.waitMs(4);
    expect(waitMs).toBe(1000);
    clock.advance(waitMs - 1);
    expect(bucket.take(4)).toBe(false);
    clock.advance(1);
    expect(bucket.take(4)).toBe(true);
  });

  it("is not moved by the wall clock", () => {
    const clock = new VirtualClock();
    const bucket = new TokenBucket(clock, { perSecond: 1, burst: 1 });
    bucket.take();
    clock.jumpWall(86_400_000);
    expect(bucket.take()).toBe(false);
  });

  it("refuses rates and bursts that are not positive", () => {
    const clock = new VirtualClock();
    for (const options of [
      { perSecond: 0, burst: 1 },
      { perSecond: 1, burst: Number.NaN },
      { perSecond: Number.POSITIVE_INFINITY, burst: 1 },
    ]) {
      expect(() => new TokenBucket(clock, options)).toThrow(RangeError);
    }
  });
});
