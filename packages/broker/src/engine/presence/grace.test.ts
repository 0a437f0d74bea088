import { VirtualClock } from "@holdfast/core/testing";
import { expect, test } from "vitest";
import { GracePeriods, memberKey } from "./grace.js";

function scene() {
  const clock = new VirtualClock();
  const gone: string[] = [];
  const grace = new GracePeriods(clock, 1_000, (channel, id) => gone.push(`${channel}/${id}`));
  return { clock, gone, grace };
}

test("a member leaves once its period is over, and no sooner", () => {
  const { clock, gone, grace } = scene();
  grace.begin("room:1", "ann");
  clock.advance(400);
  grace.begin("room:1", "bob");
  clock.advance(599);
  expect(gone).toEqual([]);
  clock.advance(1);
  expect(gone).toEqual(["room:1/ann"]);
  clock.advance(400);
  expect(gone).toEqual(["room:1/ann", "room:1/bob"]);
});

test("a period that runs is not begun again", () => {
  const { clock, gone, grace } = scene();
  grace.begin("room:1", "ann");
  clock.advance(700);
  grace.begin("room:1", "ann");
  clock.advance(300);
  expect(gone).toEqual(["room:1/ann"]);
});

test("who comes back in time stays, while others leave", () => {
  const { clock, gone, grace } = scene();
  grace.begin("room:1", "ann");
  grace.begin("room:2", "ann");
  expect(grace.has("room:1", "ann")).toBe(true);
  grace.cancel("room:1", "ann");
  expect(grace.has("room:1", "ann")).toBe(false);
  clock.advance(5_000);
  expect(gone).toEqual(["room:2/ann"]);
});

test("nobody leaves any more once it is closed", () => {
  const { clock, gone, grace } = scene();
  grace.begin("room:1", "ann");
  grace.close();
  clock.advance(5_000);
  expect(gone).toEqual([]);
});

test("no channel and member can be mistaken for another pair", () => {
  expect(memberKey("a", "bc")).not.toBe(memberKey("ab", "c"));
});
