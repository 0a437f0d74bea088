import { expect, it } from "vitest";
import { fullJitter } from "./full-jitter.js";
import { SeededRandom } from "./testing/seeded-random.js";

const always = (value: number) => ({ next: () => value, id: () => "" });

it("full jitter doubles the span per attempt up to the cap", () => {
  const spans = [0, 1, 2, 3, 4, 5, 2000].map((attempt) =>
    fullJitter(always(1), 1000, attempt, 20_000),
  );
  expect(spans).toEqual([1000, 2000, 4000, 8000, 16_000, 20_000, 20_000]);
});

it("full jitter spreads over the whole span, from zero on", () => {
  const random = new SeededRandom(3);
  const delays = Array.from({ length: 2000 }, () => fullJitter(random, 1000, 2, 60_000));
  expect(Math.min(...delays)).toBeLessThan(40);
  expect(Math.max(...delays)).toBeGreaterThan(3960);
  const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length;
  expect(Math.abs(mean - 2000)).toBeLessThan(80);
});
