import { describe, expect, it } from "vitest";
import { SeededRandom } from "./seeded-random.js";

describe("SeededRandom", () => {
  it("gives the same sequence for the same seed and another for another", () => {
    const draw = (seed: number) => {
      const random = new SeededRandom(seed);
      return Array.from({ length: 8 }, () => random.uint32());
    };
    expect(draw(42)).toEqual(draw(42));
    expect(draw(42)).not.toEqual(draw(43));
    expect(draw(1)).not.toEqual(draw(1 + 2 ** 32));
  });

  it("spreads numbers evenly over [0, 1)", () => {
    const random = new SeededRandom(0);
    const buckets = new Array<number>(10).fill(0);
    for (let i = 0; i < 100_000; i++) {
      const value = random.next();
      buckets[Math.floor(value * 10)]! += 1;
    }
    expect(buckets).toHaveLength(10);
    for (const count of buckets) expect(Math.abs(count - 10_000)).toBeLessThan(500);
  });

  it("makes identifiers of the asked length from the URL-safe alphabet", () => {
    expect(new SeededRandom(9).id(500)).toMatch(/^[A-Za-z0-9_-]{500}$/);
  });

  it("forks a hundred thousand generators of which no two are alike", () => {
    const random = new SeededRandom(1);
    const firsts = new Set<string>();
    for (let n = 0; n < 100_000; n++) firsts.add(random.fork().id(12));
    expect(firsts.size).toBe(100_000);
  });

  it("forks generators that do not disturb each other", () => {
    const one = new SeededRandom(5);
    const two = new SeededRandom(5);
    const forkOfOne = one.fork();
    two.fork();
    forkOfOne.next();
    expect(one.uint32()).toBe(two.uint32());
  });
});
