import { VirtualClock } from "@holdfast/core/testing";
import { describe, expect, test } from "vitest";
import { type RedisLimits, resolveLimits } from "../limits.js";
import type { PublishItem } from "./item.js";
import { Lanes } from "./lanes.js";

const item = (channel: string, bytes = 10): PublishItem => ({
  channel,
  bytes,
  values: [],
  done: () => {},
});

function setUp(limits: Partial<RedisLimits> = {}, callsPerLane = 1) {
  const clock = new VirtualClock();
  const calls: { readonly batch: readonly PublishItem[]; finish: () => void }[] = [];
  const lanes = new Lanes({
    clock,
    limits: resolveLimits(limits),
    callsPerLane,
    carryOut: (batch) => new Promise((finish) => calls.push({ batch, finish })),
  });
  const channels = () => calls.map(({ batch }) => batch.map(({ channel }) => channel).join(""));
  return { clock, lanes, calls, channels };
}

describe("lanes of publishes", () => {
  test("what comes in one tick goes together, and what comes meanwhile goes next, in order", async () => {
    const { clock, lanes, calls, channels } = setUp();
    for (const channel of "ab") lanes.add(0, item(channel));
    await clock.settle();
    for (const channel of "cd") lanes.add(0, item(channel));
    await clock.settle();
    expect(channels()).toEqual(["ab"]);
    calls[0]?.finish();
    await clock.settle();
    expect(channels()).toEqual(["ab", "cd"]);
  });

  test("lanes do not wait for each other", async () => {
    const { clock, lanes, channels } = setUp();
    lanes.add(0, item("a"));
    lanes.add(1, item("b"));
    await clock.settle();
    expect(channels()).toEqual(["a", "b"]);
  });

  test("a batch has its bounds, and one publish larger than them goes alone", async () => {
    const { clock, lanes, channels } = setUp({ maxBatchCount: 3, maxBatchBytes: 50 }, 9);
    for (const channel of "abcd") lanes.add(0, item(channel));
    lanes.add(0, item("X", 500));
    lanes.add(0, item("e", 45));
    lanes.add(0, item("f", 10));
    await clock.settle();
    expect(channels()).toEqual(["abc", "d", "X", "e", "f"]);
  });

  test("more than may wait is refused with advice to come back, and room comes back as it goes", async () => {
    const { clock, lanes, calls } = setUp({ maxQueuedPublishes: 2, maxQueuedBytes: 100 });
    lanes.add(0, item("a"));
    await clock.settle();
    expect(lanes.add(0, item("b", 95))).toBeUndefined();
    expect(lanes.add(0, item("c"))).toMatchObject({ code: "busy", retryable: true });
    expect(lanes.add(0, item("d", 5))).toBeUndefined();
    expect(lanes.add(0, item("e", 0))).toMatchObject({ code: "busy" });
    calls[0]?.finish();
    await clock.settle();
    expect(lanes.add(0, item("f", 95))).toBeUndefined();
  });

  test("what waits can be taken back, and what is under way cannot", async () => {
    const { clock, lanes } = setUp();
    lanes.add(0, item("a"));
    await clock.settle();
    lanes.add(0, item("b"));
    expect(lanes.drain().map(({ channel }) => channel)).toEqual(["b"]);
    expect(lanes.drain()).toEqual([]);
  });
});
