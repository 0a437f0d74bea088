import { VirtualClock } from "@holdfast/core/testing";
import { expect, it } from "vitest";
import { Retelling } from "./retelling.js";

function setUp(maxCount = 10) {
  const clock = new VirtualClock();
  const told: string[] = [];
  const line = { isDown: false };
  const tell = (text: string): void => {
    if (line.isDown) throw new Error("the connection is lost");
    told.push(text);
  };
  return { clock, told, line, retelling: new Retelling({ clock, maxCount, tell }) };
}

it("tells again what does not come back, until it does", () => {
  const { clock, told, retelling } = setUp();
  retelling.stored("a", "A");
  retelling.stored("b", "B");
  retelling.heard("a");
  clock.advance(500);
  expect(told).toEqual(["B"]);
  clock.advance(500);
  expect(told).toEqual(["B", "B"]);
  retelling.heard("b");
  clock.advance(10_000);
  expect(told).toEqual(["B", "B"]);
  expect(clock.pendingTimers).toBe(0);
});

it("tells everything of the last half minute to who was cut off", () => {
  const { clock, told, retelling } = setUp();
  retelling.stored("a", "A");
  retelling.heard("a");
  clock.advance(20_000);
  retelling.stored("b", "B");
  retelling.heard("b");
  retelling.tellAll();
  clock.advance(15_000);
  retelling.tellAll();
  expect(told).toEqual(["A", "B", "B"]);
});

it("tells as soon as its own connection is back, and nothing for ever", () => {
  const { clock, told, line, retelling } = setUp();
  line.isDown = true;
  retelling.stored("a", "A");
  clock.advance(2_000);
  line.isDown = false;
  retelling.tellAll();
  expect(told).toEqual(["A"]);
  clock.advance(60_000);
  expect(told.length).toBeLessThanOrEqual(60);
  expect(clock.pendingTimers).toBe(0);
});

it("keeps no more than it may", () => {
  const { told, retelling } = setUp(2);
  for (const name of ["a", "b", "c"]) retelling.stored(name, name);
  retelling.tellAll();
  expect(told).toEqual(["b", "c"]);
});
