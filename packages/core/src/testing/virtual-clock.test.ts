import { describe, expect, it } from "vitest";
import { SeededRandom } from "./seeded-random.js";
import { VirtualClock } from "./virtual-clock.js";

describe("VirtualClock", () => {
  it("runs timers in order of time, then of insertion", () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    clock.after(20, () => seen.push(`late@${clock.monoMs()}`));
    clock.after(10, () => seen.push(`first@${clock.monoMs()}`));
    clock.after(10, () => seen.push(`second@${clock.monoMs()}`));
    clock.advance(15);
    expect(seen).toEqual(["first@10", "second@10"]);
    expect(clock.monoMs()).toBe(15);
    clock.advance(5);
    expect(seen.at(-1)).toBe("late@20");
    expect(clock.pendingTimers).toBe(0);
  });

  it("runs soon work before any timer and between two timers", () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    clock.after(0, () => {
      seen.push("timer 1");
      clock.soon(() => seen.push("soon of timer 1"));
    });
    clock.after(0, () => seen.push("timer 2"));
    clock.soon(() => seen.push("soon"));
    clock.advance(0);
    expect(seen).toEqual(["soon", "timer 1", "soon of timer 1", "timer 2"]);
  });

  it("never runs a cancelled timer and rounds fractions up", () => {
    const clock = new VirtualClock();
    const seen: number[] = [];
    const timer = clock.after(1, () => seen.push(1));
    clock.after(1.2, () => seen.push(2));
    timer.cancel();
    timer.cancel();
    expect(clock.pendingTimers).toBe(1);
    expect(clock.nextTimerMs).toBe(2);
    clock.advance(1);
    expect(seen).toEqual([]);
    clock.advance(1);
    expect(seen).toEqual([2]);
  });

  it("lets promises settle between timers when advanced asynchronously", async () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    clock.after(1, () => {
      void Promise.resolve()
        .then(() => seen.push(`promise@${clock.monoMs()}`))
        .then(() => clock.after(1, () => seen.push(`timer of promise@${clock.monoMs()}`)));
    });
    clock.after(3, () => seen.push(`last@${clock.monoMs()}`));
    await clock.advanceAsync(3);
    expect(seen).toEqual(["promise@1", "timer of promise@2", "last@3"]);
  });

  it("jumps the wall clock without running timers", () => {
    const clock = new VirtualClock(1_000);
    clock.after(5, () => {
      throw new Error("must not run");
    });
    clock.jumpWall(-3_600_000);
    expect(clock.wallMs()).toBe(1_000 - 3_600_000);
    expect(clock.monoMs()).toBe(0);
  });

  it("keeps the order of a thousand timers of which most are cancelled", () => {
    const clock = new VirtualClock();
    const random = new SeededRandom(7);
    const seen: number[] = [];
    const expected: number[] = [];
    for (let i = 0; i < 1000; i++) {
      const delayMs = random.int(500);
      const timer = clock.after(delayMs, () => seen.push(delayMs));
      if (random.chance(0.7)) timer.cancel();
      else expected.push(delayMs);
    }
    clock.advance(500);
    expect(seen).toEqual(expected.sort((a, b) => a - b));
  });

  it("refuses to be advanced from within a callback or to go back", () => {
    const clock = new VirtualClock();
    clock.after(1, () => clock.advance(1));
    expect(() => clock.advance(1)).toThrow("advancing already");
    expect(() => clock.advance(-1)).toThrow(RangeError);
  });

  it("keeps the rest of the soon work when one callback throws", () => {
    const clock = new VirtualClock();
    const seen: number[] = [];
    clock.soon(() => {
      throw new Error("planned");
    });
    clock.soon(() => seen.push(2));
    expect(() => clock.runSoon()).toThrow("planned");
    clock.runSoon();
    expect(seen).toEqual([2]);
  });
});
