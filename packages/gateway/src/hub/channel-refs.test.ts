import { expect, it } from "vitest";
import { ChannelRefs } from "./channel-refs.js";

it("gives every channel another number, and the one let go last the longest to rest", () => {
  const refs = new ChannelRefs();
  expect([refs.take(), refs.take(), refs.take()]).toEqual([1, 2, 3]);
  refs.giveBack(2);
  expect(refs.take()).toBe(4);
});

it("never gives a number away that a channel still has, not even when they begin anew", () => {
  const refs = new ChannelRefs(3);
  expect([refs.take(), refs.take(), refs.take()]).toEqual([1, 2, 3]);
  expect(() => refs.take()).toThrow("3 channels are followed");
  refs.giveBack(2);
  expect(refs.take()).toBe(2);
  refs.giveBack(1);
  refs.giveBack(3);
  expect([refs.take(), refs.take()]).toEqual([3, 1]);
});
