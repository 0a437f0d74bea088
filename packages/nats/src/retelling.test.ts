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
  const retelling = new Retelling({ clock, maxCount, tell });
  const store = (id: string, text: string): void => {
    retelling.begun(id, text);
    retelling.stored(id);
  };
  return { clock, told, line, retelling, store };
}

it("tells again what does not come back, until it does", () => {
  const { clock, told, retelling, store } = setUp();
  store("a", "A");
  store("b", "B");
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
  const { clock, told, retelling, store } = setUp();
  store("a", "A");
  retelling.heard("a");
  clock.advance(20_000);
  store("b", "B");
  retelling.heard("b");
  retelling.tellAll();
  clock.advance(15_000);
  retelling.tellAll();
  expect(told).toEqual(["A", "B", "B"]);
});

it("tells as soon as its own connection is back, and nothing for ever", () => {
  const { clock, told, line, retelling, store } = setUp();
  line.isDown = true;
  store("a", "A");
  clock.advance(2_000);
  line.isDown = false;
  retelling.tellAll();
  expect(told).toEqual(["A"]);
  clock.advance(60_000);
  expect(told.length).toBeLessThanOrEqual(60);
  expect(clock.pendingTimers).toBe(0);
});

it("keeps no more than it may", () => {
  const { told, retelling, store } = setUp(2);
  for (const name of ["a", "b", "c"]) store(name, name);
  retelling.tellAll();
  expect(told).toEqual(["b", "c"]);
});

it("tells nothing again that came back before it was known to be stored, and nothing that was not", () => {
  const { clock, told, retelling } = setUp();
  retelling.begun("early", "E");
  retelling.heard("early");
  retelling.stored("early");
  retelling.begun("refused", "R");
  retelling.failed("refused");
  retelling.begun("waiting", "W");
  clock.advance(2_000);
  expect([told, clock.pendingTimers]).toEqual([[], 0]);
  retelling.tellAll();
  expect(told).toEqual(["E"]);
});
