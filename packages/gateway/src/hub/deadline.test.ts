import { TimerWheel } from "@holdfast/core";
import { VirtualClock } from "@holdfast/core/testing";
import { expect, it } from "vitest";
import { Abortable, type Ending, withDeadline } from "./deadline.js";

function setUp() {
  const clock = new VirtualClock();
  const wheel = new TimerWheel(clock, { tickMs: 10, slots: 16 });
  const abortable = new Abortable();
  const endings: Ending<number>[] = [];
  const run = (work: () => number | Promise<number>) =>
    withDeadline(wheel, 100, abortable, work, (ending) => endings.push(ending));
  return { clock, wheel, abortable, endings, run };
}

it("work that answers at once is over at once, and needs neither timer nor signal", () => {
  const { wheel, endings, run } = setUp();
  run(() => 1);
  expect(endings).toEqual([{ kind: "value", value: 1 }]);
  expect(wheel.size).toBe(0);
});

it("a throw and a rejection are errors", async () => {
  const { clock, wheel, endings, run } = setUp();
  const error = new Error("no");
  run(() => {
    throw error;
  });
  run(() => Promise.reject(error));
  await clock.settle();
  expect(endings).toEqual([
    { kind: "error", error },
    { kind: "error", error },
  ]);
  expect(wheel.size).toBe(0);
});

it("work that takes too long is aborted and reported once, also when it answers later", async () => {
  const { clock, abortable, endings, run } = setUp();
  let answer = (_value: number): void => {};
  const { signal } = abortable;
  run(() => new Promise((resolve) => (answer = resolve)));
  clock.advance(200);
  expect(endings).toEqual([{ kind: "timeout" }]);
  expect(signal.aborted).toBe(true);
  answer(1);
  await clock.settle();
  expect(endings).toHaveLength(1);
});

it("work that is given up is aborted and reported never", async () => {
  const { clock, wheel, abortable, endings, run } = setUp();
  const giveUp = run(() => new Promise(() => {}));
  giveUp();
  expect(wheel.size).toBe(0);
  clock.advance(200);
  await clock.settle();
  expect(endings).toEqual([]);
  // Asked for late, it says what has been.
  expect(abortable.signal.aborted).toBe(true);
});
