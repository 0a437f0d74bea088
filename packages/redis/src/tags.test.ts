import { describe, expect, test } from "vitest";
import { partitionTags, slotOf } from "./tags.js";

describe("hash tags", () => {
  test("a tag's slot is the one the specification's example has", () => {
    expect(slotOf("123456789")).toBe(0x31c3);
  });

  test("the slots of the partitions lie evenly, each in its own", () => {
    const slots = partitionTags(256).map(slotOf);
    expect(slots).toEqual(Array.from({ length: 256 }, (_, partition) => partition * 64 + 32));
  });

  test("three masters get the same share, give or take one", () => {
    const bounds = [0, 5461, 10923, 16384];
    const shares = bounds
      .slice(1)
      .map(
        (end, master) =>
          partitionTags(256).filter((tag) => slotOf(tag) < end && slotOf(tag) >= bounds[master]!)
            .length,
      );
    expect(shares).toEqual([85, 86, 85]);
  });

  test("the tags are those that stores already hold", () => {
    expect(partitionTags(256).slice(0, 4)).toEqual(["e8a", "4zp", "aio", "8fn"]);
  });

  test("as many partitions as slots can be had", () => {
    expect(new Set(partitionTags(16_384)).size).toBe(16_384);
  });
});
