import { expect, it } from "vitest";
import { Latency } from "./latency.js";
import { Tally } from "./tally.js";

it("tells percentiles within a thousandth", () => {
  const latency = new Latency();
  for (let ms = 1; ms <= 1_000; ms += 1) latency.add(ms);
  const times = latency.times;
  expect(times.count).toBe(1_000);
  expect(times.p50Ms).toBeCloseTo(500, -0.5);
  expect(times.p99Ms / 990).toBeCloseTo(1, 2);
  expect(times.maxMs / 1_000).toBeCloseTo(1, 2);
});

it("says nothing of nothing", () => {
  expect(new Latency().times).toMatchObject({ count: 0, meanMs: 0, maxMs: 0 });
});

it("adds up what several processes measured as if one had", () => {
  const [one, other, together] = [new Latency(), new Latency(), new Latency()];
  for (let ms = 1; ms <= 100; ms += 1) {
    (ms % 3 === 0 ? one : other).add(ms / 7);
    together.add(ms / 7);
  }
  const sum = new Latency();
  sum.addEncoded(one.encode());
  sum.addEncoded(other.encode());
  const { count, p50Ms, p90Ms, p99Ms } = together.times;
  expect(sum.times).toMatchObject({ count, p50Ms, p90Ms, p99Ms });
  expect(sum.times.meanMs).toBeCloseTo(together.times.meanMs, 1);
});

it("takes a time below nothing as none, and one beyond all patience as the longest", () => {
  const latency = new Latency();
  latency.add(-5);
  latency.add(10_000_000);
  expect(latency.times.count).toBe(2);
  expect(latency.times.maxMs / 600_000).toBeCloseTo(1, 2);
});

it("counts only what was due in the measured time", () => {
  const tally = new Tally();
  tally.counts.opened = 3;
  tally.counts.received = 7;
  tally.measure(100, 200);
  for (const dueMs of [99, 100, 199, 200]) {
    tally.left(dueMs, dueMs + 1);
    tally.arrived(dueMs, dueMs + 1, dueMs + 5);
  }
  expect(tally.latency.times).toMatchObject({ count: 2, maxMs: 5 });
  expect(tally.service.times).toMatchObject({ count: 2, maxMs: 4 });
  expect(tally.lag.times).toMatchObject({ count: 2, maxMs: 1 });
  expect(tally.counts).toMatchObject({ opened: 3, received: 0 });
});

it("keeps the number of failure codes bounded", () => {
  const tally = new Tally();
  for (let code = 0; code < 100; code += 1) tally.failed(`code_${code}`);
  expect(tally.failures.size).toBe(33);
  expect(tally.failures.get("other")).toBe(68);
});
