import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createNodeRandom, nodeClock } from "./platform.js";

describe("the real clock", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("calls once after the delay, and not after it was cancelled", () => {
    const kept = vi.fn();
    const cancelled = vi.fn();
    nodeClock.after(100, kept);
    nodeClock.after(100, cancelled).cancel();
    vi.advanceTimersByTime(99);
    expect(kept).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1000);
    expect(kept).toHaveBeenCalledTimes(1);
    expect(cancelled).not.toHaveBeenCalled();
  });

  it("keeps delays longer than Node's timers can", () => {
    const callback = vi.fn();
    const month = 30 * 86_400_000;
    nodeClock.after(month, callback);
    vi.advanceTimersByTime(month - 1000);
    expect(callback).not.toHaveBeenCalled();
    vi.advanceTimersByTime(2000);
    expect(callback).toHaveBeenCalledTimes(1);
  });
});

describe("real chance", () => {
  const random = createNodeRandom();

  it("makes identifiers of the length asked for, all different", () => {
    const ids = new Set(Array.from({ length: 2000 }, () => random.id(12)));
    expect(ids.size).toBe(2000);
    for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{12}$/);
  });

  it("draws numbers from 0 up to 1, all over the range", () => {
    const drawn = Array.from({ length: 2000 }, () => random.next());
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...drawn)).toBeLessThan(1);
    expect(drawn.filter((value) => value < 0.5).length).toBeGreaterThan(800);
    expect(drawn.filter((value) => value >= 0.5).length).toBeGreaterThan(800);
  });
});
