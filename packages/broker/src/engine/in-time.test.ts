import { VirtualClock } from "@holdfast/core/testing";
import { expect, test } from "vitest";
import { inTime } from "./in-time.js";

test("what comes about within its time has, and leaves no timer behind", async () => {
  const clock = new VirtualClock();
  let come: () => void = () => {};
  const told = inTime(clock, 1_000, new Promise<void>((resolve) => (come = resolve)));
  clock.advance(999);
  come();
  expect(await told).toBe(true);
  expect(clock.pendingTimers).toBe(0);
});

test("what does not has not, however late it comes", async () => {
  const clock = new VirtualClock();
  const told = inTime(clock, 1_000, new Promise(() => {}));
  clock.advance(1_000);
  expect(await told).toBe(false);
});
