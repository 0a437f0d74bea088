import { describe, expect, it } from "vitest";
import { FrameList } from "./frame-list.js";
import { Frame } from "./transport.js";

const frame = (text: string): Frame => new Frame(text, text.length);
const [a, b, c] = ["a", "bb", "ccc"].map(frame) as [Frame, Frame, Frame];

describe("a list of frames", () => {
  it("keeps their order, number and size, and is not changed by adding to it", () => {
    const nothing = new FrameList();
    const two = nothing.with(a).with(b);
    const three = two.with(c);
    expect(three.frames()).toEqual([a, b, c]);
    expect([three.count, three.bytes]).toEqual([3, 6]);
    expect(two.frames()).toEqual([a, b]);
    expect([two.count, two.bytes]).toEqual([2, 3]);
    expect(nothing.frames()).toEqual([]);
  });

  it("is the very same for all who add the same in the same order", () => {
    const nothing = new FrameList();
    const first = nothing.with(a).with(b);
    expect(nothing.with(a).with(b)).toBe(first);
    expect(nothing.with(b)).not.toBe(first);
  });

  it("may have two equals where others added something else in between, never a wrong one", () => {
    const nothing = new FrameList();
    const one = nothing.with(a);
    expect(nothing.with(b).frames()).toEqual([b]);
    const again = nothing.with(a);
    expect(again).not.toBe(one);
    expect(again.frames()).toEqual([a]);
  });

  it("can hold the same frame twice", () => {
    expect(new FrameList().with(a).with(a).frames()).toEqual([a, a]);
  });

  it("keeps no frames that nobody waits for once told to forget", () => {
    const nothing = new FrameList();
    const one = nothing.with(a);
    nothing.forgetNext();
    expect(nothing.with(a)).not.toBe(one);
  });
});
