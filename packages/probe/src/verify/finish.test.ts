import { VirtualClock } from "@holdfast/core/testing";
import type { Position } from "@holdfast/protocol";
import { expect, test } from "vitest";
import { contractBounds } from "../checker/bounds.js";
import { caughtUp } from "./finish.js";

/** How long until one subscriber of a channel with three publications in epoch `now` has caught up. */
async function timeUntil(
  position: () => Position | undefined,
  ending?: string,
): Promise<number | undefined> {
  const clock = new VirtualClock();
  let outcome: { ms: number | undefined } | undefined;
  void caughtUp({
    clock,
    signal: new AbortController().signal,
    auditor: { read: async () => ({ epoch: "now", top: 3 }) },
    clients: [{ isOpen: true, ending, channels: ["a:b"], position }],
    channels: ["a:b"],
    bounds: contractBounds,
    healedMs: clock.monoMs(),
  }).then((ms) => {
    outcome = { ms };
  });
  while (outcome === undefined) {
    await clock.settle();
    clock.advance(100);
  }
  return outcome.ms;
}

test("everyone has caught up once each stands at the top of the epoch that is", async () => {
  let asked = 0;
  const place = () => {
    asked += 1;
    return { epoch: asked > 3 ? "now" : "before", offset: 3 };
  };
  expect(await timeUntil(place)).toBe(300);
});

test("who stands far up in an epoch that is over has not, and who has ended is not waited for", async () => {
  const far = () => ({ epoch: "before", offset: 9 });
  expect(await timeUntil(far)).toBeUndefined();
  expect(await timeUntil(far, "forbidden")).toBe(0);
});
