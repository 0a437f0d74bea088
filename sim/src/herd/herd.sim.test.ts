import { expect, it } from "vitest";
import { type HerdPlan, runHerd } from "./herd.js";

const patienceMs = 240_000;

/** A tenth of 100,000 clients at a tenth of the default rates: as many come to one place in the queue. */
const herd = {
  seed: 1,
  clients: 10_000,
  gateways: 4,
  acceptsPerSecond: 200,
  resumesPerSecond: 500,
};

const run = (end: HerdPlan["end"], more: Partial<HerdPlan> = {}) =>
  runHerd({ ...herd, end, ...more });

it(
  "everybody comes back within 30 s after all gateways were killed at once, at no more than the rate",
  async () => {
    const figures = await run("kill");
    expect(figures.allBackMs).toBeLessThanOrEqual(30_000);
    // A burst of one second's worth, and the rate from then on.
    expect(figures.peakAccepts).toBeLessThanOrEqual(2 * herd.acceptsPerSecond);
    expect(figures.turnedAway).toBeGreaterThan(herd.clients / 2);
    expect(figures.withoutAdvice).toBe(0);
    expect(figures.dials).toBeLessThan(5 * herd.clients);
    expect(figures.resets).toBe(0);
  },
  patienceMs,
);

it(
  "a drain sends everybody over little by little, so that hardly anybody is turned away",
  async () => {
    const figures = await run("drain");
    expect(figures.allBackMs).toBeLessThanOrEqual(10_000 + 30_000);
    expect(figures.peakAccepts).toBeLessThanOrEqual(2 * herd.acceptsPerSecond);
    expect(figures.turnedAway).toBeLessThan(herd.clients / 2);
    expect(figures.withoutAdvice).toBe(0);
    expect(figures.resets).toBe(0);
  },
  patienceMs,
);

it(
  "resumes beyond their rate are told when to ask again, and nobody loses their place",
  async () => {
    const figures = await run("kill", {
      clients: 2_000,
      acceptsPerSecond: 400,
      resumesPerSecond: 40,
    });
    expect(figures.peakResumes).toBeLessThanOrEqual(2 * 40);
    expect(figures.resumesPutOff).toBeGreaterThan(500);
    expect(figures.allBackMs).toBeLessThanOrEqual(30_000);
    expect(figures.resets).toBe(0);
  },
  patienceMs,
);
