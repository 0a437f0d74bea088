import { VirtualClock } from "@holdfast/core/testing";
import { expect, it } from "vitest";
import { Pace } from "./pace.js";

const schedule = { perSecond: 100, startMs: 0, untilMs: 1_000 };

it("makes every operation of its time, each due at its own moment", () => {
  const clock = new VirtualClock();
  const due: number[] = [];
  new Pace(clock, schedule, { index: 0, of: 1 }, (dueMs) => due.push(dueMs)).start();
  clock.advance(2_000);
  expect(due).toEqual(Array.from({ length: 100 }, (_, index) => index * 10));
});

it("deals the operations out to the processes, so that together they make the rate", () => {
  const clock = new VirtualClock();
  const due: number[] = [];
  for (let index = 0; index < 3; index += 1) {
    new Pace(clock, schedule, { index, of: 3 }, (dueMs) => due.push(dueMs)).start();
  }
  clock.advance(2_000);
  expect(due.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, n) => n * 10));
});

it("makes up for a stall at once and says when each operation was due", () => {
  // Nobody could run for half a second.
  const clock = new VirtualClock();
  clock.advance(500);
  const due: number[] = [];
  new Pace(clock, schedule, { index: 0, of: 1 }, (dueMs) => due.push(dueMs)).start();
  clock.advance(0);
  expect(due).toEqual(Array.from({ length: 51 }, (_, index) => index * 10));
});

it("lets others run between bursts, and still makes everything", () => {
  const late = new VirtualClock();
  late.advance(10_000);
  let made = 0;
  const flood = { perSecond: 1_000_000, startMs: 0, untilMs: 10 };
  new Pace(late, flood, { index: 0, of: 1 }, () => {
    made += 1;
  }).start();
  late.advance(0);
  expect(made).toBe(10_000);
});

it("stops when it is told to", () => {
  const clock = new VirtualClock();
  let made = 0;
  const pace = new Pace(clock, schedule, { index: 0, of: 1 }, () => {
    made += 1;
    if (made === 5) pace.stop();
  });
  pace.start();
  clock.advance(2_000);
  expect(made).toBe(5);
});

it("owes nothing at the end: what was due and is late is made before it finishes", () => {
  const clock = new VirtualClock();
  const due: number[] = [];
  const pace = new Pace(clock, schedule, { index: 0, of: 1 }, (dueMs) => due.push(dueMs));
  clock.advance(5_000);
  pace.finish();
  expect(due).toHaveLength(100);
  expect(due.at(-1)).toBe(990);
  clock.advance(5_000);
  expect(due).toHaveLength(100);
});
