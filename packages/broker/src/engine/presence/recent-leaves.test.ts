import { VirtualClock } from "@holdfast/core/testing";
import { expect, test } from "vitest";
import { RecentLeaves } from "./recent-leaves.js";

const leave = (memberId: string) => ({ channel: "room:1", memberId });
const ids = (leaves: RecentLeaves) => leaves.all().map(({ memberId }) => memberId);

test("leaves are kept in their order until they are forgotten or too old", () => {
  const clock = new VirtualClock();
  const leaves = new RecentLeaves(clock, 1_000);
  for (const id of ["ann", "bob", "cy"]) leaves.add(leave(id));
  leaves.add(leave("ann"));
  leaves.forget("room:1", "bob");
  expect(ids(leaves)).toEqual(["cy", "ann"]);
  clock.advance(1_001);
  leaves.add(leave("dan"));
  expect(ids(leaves)).toEqual(["dan"]);
});

test("no more than ten thousand are kept, the newest", () => {
  const leaves = new RecentLeaves(new VirtualClock(), 1_000);
  for (let n = 1; n <= 10_005; n += 1) leaves.add(leave(`m${n}`));
  expect(leaves.all()).toHaveLength(10_000);
  expect(ids(leaves)[0]).toBe("m6");
});
