import { expect, test } from "vitest";
import type { HistoryEvent, HistoryFact } from "../checker/history.js";
import { lostEntries, recoveries } from "./recovery.js";

const channel = "verify:1";

/** Facts with the times they were recorded at. */
function told(...facts: readonly (readonly [number, HistoryFact])[]): HistoryEvent[] {
  return facts.map(([atMs, fact], index) => ({ ...fact, seq: index + 1, atMs }));
}

const publish = (n: number): HistoryFact => {
  return { kind: "publish", client: "p", channel, op: `p.${n}`, token: `t${n}` };
};
const acknowledged = (n: number): HistoryFact => {
  return { kind: "published", client: "p", channel, op: `p.${n}`, outcome: "ok" };
};
const delivered = (n: number, client: string): HistoryFact => {
  const place = { client, sub: channel, channel, epoch: "e", offset: n };
  return { kind: "delivered", ...place, id: `i${n}`, token: `t${n}` };
};
const fault = (name: string, phase: "begin" | "heal", engine = false): HistoryFact => {
  return { kind: "fault", fault: name, phase, engine, target: "it" };
};

test("a fault of the engine is recovered from, counted from its end, when the last has the last", () => {
  const events = told(
    [1_000, fault("engine stop", "begin", true)],
    [1_500, publish(1)],
    [4_000, publish(2)],
    [5_000, fault("engine stop", "heal", true)],
    [5_040, delivered(1, "a")],
    [5_090, delivered(2, "a")],
    [5_300, delivered(1, "b")],
    [5_700, delivered(2, "b")],
  );
  expect(recoveries(events)).toEqual({
    "engine stop": { faults: 1, subscriptions: 2, p50Ms: 700, p99Ms: 700 },
  });
});

test("a fault of a gateway is counted from its beginning, since the others stand in", () => {
  const events = told(
    [1_000, fault("gateway kill", "begin")],
    [1_100, publish(1)],
    [1_110, delivered(1, "a")],
    [1_600, delivered(1, "b")],
    [2_000, fault("gateway kill", "heal")],
  );
  expect(recoveries(events)).toEqual({
    "gateway kill": { faults: 1, subscriptions: 1, p50Ms: 500, p99Ms: 500 },
  });
});

test("a fault of one of an engine's servers is counted from its beginning, since its others stand in", () => {
  const hit = (phase: "begin" | "heal"): HistoryFact => {
    return { ...fault("engine kill", phase, true), mendsFrom: "begin" } as HistoryFact;
  };
  const events = told(
    [1_000, hit("begin")],
    [1_100, publish(1)],
    [1_600, delivered(1, "b")],
    [2_000, hit("heal")],
  );
  expect(recoveries(events)["engine kill"]).toMatchObject({ subscriptions: 1, p50Ms: 500 });
});

test("what was published before the fault or long after it tells nothing of it", () => {
  const events = told(
    [900, publish(1)],
    [1_000, fault("engine link cut", "begin")],
    [1_000, fault("engine link cut", "heal")],
    [1_900, delivered(1, "a")],
    [2_100, publish(2)],
    [2_900, delivered(2, "a")],
  );
  expect(recoveries(events)).toEqual({
    "engine link cut": { faults: 1, subscriptions: 0, p50Ms: 0, p99Ms: 0 },
  });
});

test("lost is what was acknowledged and is not kept, and ahead is who had been handed it", () => {
  const place = { channel, epoch: "f", offset: 1, id: "i1", token: "t1" };
  const kept: HistoryFact = { kind: "kept", ...place };
  const final: HistoryFact = { kind: "final", channel, epoch: "f", first: 1, top: 1 };
  const events = told(
    ...[1, 2, 3].flatMap((n) => [
      [n, publish(n)] as const,
      [n, n === 3 ? publish(4) : acknowledged(n)] as const,
    ]),
    [10, delivered(1, "a")],
    [11, delivered(2, "b")],
    [12, final],
    [13, kept],
  );
  expect(lostEntries(events)).toEqual({ acknowledged: 1, subscriptionsAhead: 1 });
  const trimmed = events.map((event) => (event.kind === "final" ? { ...event, first: 2 } : event));
  expect(lostEntries(trimmed)).toEqual({ acknowledged: 0, subscriptionsAhead: 0 });
});
