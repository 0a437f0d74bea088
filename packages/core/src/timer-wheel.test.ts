import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Timer } from "./clock.js";
import { VirtualClock } from "./testing/virtual-clock.js";
import { Deadline, TimerWheel } from "./timer-wheel.js";

describe("TimerWheel", () => {
  it("meets deadlines never early and at most a tick late, over any number of turns", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ afterMs: fc.nat(300), delayMs: fc.nat(2000), cancel: fc.boolean() })),
        (deadlines) => {
          const clock = new VirtualClock();
          clock.advance(7);
          const wheel = new TimerWheel(clock, { tickMs: 10, slots: 8 });
          const lateMs: number[] = [];
          const cancelled: Timer[] = [];
          for (const { afterMs, delayMs, cancel } of deadlines) {
            clock.advance(afterMs);
            const dueMs = clock.monoMs() + delayMs;
            const timer = wheel.add(delayMs, () => {
              if (cancelled.includes(timer)) throw new Error("ran after cancel");
              lateMs.push(clock.monoMs() - dueMs);
            });
            if (cancel) {
              timer.cancel();
              cancelled.push(timer);
            }
          }
          clock.advance(2010);
          expect(lateMs).toHaveLength(deadlines.length - cancelled.length);
          for (const late of lateMs) expect(late >= 0 && late <= 10).toBe(true);
          expect(wheel.size).toBe(0);
          expect(clock.pendingTimers).toBe(0);
        },
      ),
    );
  });

  it("has one timer of the clock for any number of deadlines and none when idle", () => {
    const clock = new VirtualClock();
    const wheel = new TimerWheel(clock, { tickMs: 100, slots: 64 });
    expect(clock.pendingTimers).toBe(0);
    const timers = Array.from({ length: 1000 }, (_, i) => wheel.add(i, () => {}));
    expect(clock.pendingTimers).toBe(1);
    for (const timer of timers) timer.cancel();
    expect(wheel.size).toBe(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it("sleeps until the next deadline, and wakes earlier when an earlier one is added", () => {
    const clock = new VirtualClock();
    const wheel = new TimerWheel(clock, { tickMs: 10, slots: 64 });
    const seen: number[] = [];
    const note = () => seen.push(clock.monoMs());
    wheel.add(500, note);
    expect(clock.nextTimerMs).toBe(500);
    const doomed = wheel.add(200, note);
    expect(clock.nextTimerMs).toBe(200);
    clock.advance(100);
    doomed.cancel();
    wheel.add(30, () => {
      note();
      wheel.add(20, note);
    });
    clock.advance(30);
    expect(clock.nextTimerMs).toBe(150);
    clock.advance(1_000);
    expect(seen).toEqual([130, 150, 500]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("keeps the order of addition within a tick", () => {
    const clock = new VirtualClock();
    const wheel = new TimerWheel(clock, { tickMs: 10, slots: 4 });
    const seen: string[] = [];
    wheel.add(9, () => seen.push("a"));
    wheel.add(1, () => seen.push("b"));
    clock.advance(10);
    expect(seen).toEqual(["a", "b"]);
  });

  it("lets callbacks add and cancel, also deadlines of their own tick", () => {
    const clock = new VirtualClock();
    const wheel = new TimerWheel(clock, { tickMs: 10, slots: 4 });
    const seen: string[] = [];
    wheel.add(5, () => {
      seen.push("first");
      doomed.cancel();
      wheel.add(0, () => seen.push(`again@${clock.monoMs()}`));
    });
    const doomed = wheel.add(5, () => seen.push("doomed"));
    clock.advance(10);
    expect(seen).toEqual(["first"]);
    clock.advance(10);
    expect(seen).toEqual(["first", "again@20"]);
    expect(wheel.size).toBe(0);
  });

  it("repeats a heartbeat from within its own callback without drifting off its tick", () => {
    const clock = new VirtualClock();
    const wheel = new TimerWheel(clock, { tickMs: 100, slots: 16 });
    const beats: number[] = [];
    const beat = () => {
      beats.push(clock.monoMs());
      if (beats.length < 4) wheel.add(25_000, beat);
    };
    wheel.add(25_000, beat);
    clock.advance(100_000);
    expect(beats).toEqual([25_000, 50_000, 75_000, 100_000]);
  });

  it("runs everything due at once after the process slept, and starts anew after idling", () => {
    let nowMs = 0;
    let turn: (() => void) | undefined;
    const clock = {
      wallMs: () => nowMs,
      monoMs: () => nowMs,
      after: (_delayMs: number, callback: () => void) => {
        turn = callback;
        return { cancel: () => {} };
      },
      soon: () => {},
    };
    const wheel = new TimerWheel(clock, { tickMs: 10, slots: 4 });
    const seen: number[] = [];
    for (const delayMs of [15, 75, 400, 100_000]) wheel.add(delayMs, () => seen.push(delayMs));
    nowMs = 50_000;
    turn?.();
    expect(seen.sort((a, b) => a - b)).toEqual([15, 75, 400]);
    expect(wheel.size).toBe(1);
  });

  it("runs the rest of a tick when one callback throws, then tells", () => {
    const clock = new VirtualClock();
    const wheel = new TimerWheel(clock, { tickMs: 10, slots: 4 });
    const seen: number[] = [];
    wheel.add(1, () => {
      throw new Error("planned");
    });
    wheel.add(1, () => seen.push(1));
    wheel.add(15, () => seen.push(2));
    expect(() => clock.advance(10)).toThrow("planned");
    expect(seen).toEqual([1]);
    clock.advance(30);
    expect(seen).toEqual([1, 2]);
  });

  it("cancels everything on clear", () => {
    const clock = new VirtualClock();
    const wheel = new TimerWheel(clock, { tickMs: 10, slots: 4 });
    const seen: number[] = [];
    for (let i = 0; i < 20; i++) wheel.add(i * 7, () => seen.push(i));
    wheel.clear();
    clock.advance(1000);
    expect(seen).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  it("sets a deadline anew as often as wanted, even from its own end, and keeps one of it", () => {
    const clock = new VirtualClock();
    const wheel = new TimerWheel(clock, { tickMs: 10, slots: 8 });
    const seen: number[] = [];
    class Beat extends Deadline {
      due(): void {
        seen.push(clock.monoMs());
        if (seen.length < 3) wheel.set(this, 1_000);
      }
    }
    const beat = new Beat();
    wheel.cancel(beat);
    expect(wheel.size).toBe(0);
    for (const delayMs of [500, 40, 200]) wheel.set(beat, delayMs);
    expect(wheel.size).toBe(1);
    clock.advance(199);
    expect(seen).toEqual([]);
    clock.advance(5_000);
    expect(seen).toEqual([200, 1_200, 2_200]);
    wheel.set(beat, 10);
    wheel.cancel(beat);
    wheel.cancel(beat);
    expect(wheel.size).toBe(0);
    expect(clock.pendingTimers).toBe(0);
    clock.advance(5_000);
    expect(seen).toHaveLength(3);
  });
});
