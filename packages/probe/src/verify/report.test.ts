import { expect, test } from "vitest";
import { checkHistory } from "../checker/check-history.js";
import type { HistoryEvent, HistoryFact } from "../checker/history.js";
import { appended, delivered, fact, story, subscribed } from "../testing/story.js";
import { createRecording } from "./recording.js";
import { makeReport, verdictLines } from "./report.js";
import { expectedEvents, refusalOf, type VerifySettings } from "./settings.js";

const settings: VerifySettings = {
  url: "ws://127.0.0.1:8000/ws",
  namespace: "verify",
  durationMs: 30_000,
  connections: 300,
  channels: 30,
  subscriptionsPerConnection: 2,
  publishesPerSecond: 150,
  dropsPerSecond: 0,
  run: "r",
};

function reportOf(events: readonly HistoryEvent[]) {
  return makeReport({
    settings,
    events,
    verdict: checkHistory(events),
    elapsedMs: 1_000,
    faults: { kill: 2, stop: 0 },
    findings: [],
    caughtUpMs: 12,
    presenceJudged: false,
    modesJudged: [],
  });
}

const published = [1, 2, 3].flatMap((offset) => appended(offset));
const begun = [fact("epoch", { why: "created" }), subscribed()];
const whole: readonly HistoryFact[] = [
  ...begun,
  ...published,
  ...[1, 2, 3].map((n) => delivered(n)),
];

test("a history without a fault is told as kept, with its numbers", () => {
  const report = reportOf(story(whole));
  expect(report).toMatchObject({ verdict: "kept", deliveries: 3, violations: [] });
  expect(report.publishes).toMatchObject({ asked: 3, acknowledged: 3, acknowledgedShare: 1 });
  const lines = verdictLines(report).join("\n");
  expect(lines).toContain("Kept: no violation of 19 invariants.");
  expect(lines).toContain("2 × kill");
  expect(lines).not.toContain("stop");
});

test("a history from which one delivery was taken is told as violated, with the gap", () => {
  const report = reportOf(story([...begun, ...published, delivered(1), delivered(3)]));
  expect(report.verdict).toBe("violated");
  expect(report.invariants.contiguous).toBe(1);
  const lines = verdictLines(report).join("\n");
  expect(lines).toContain("VIOLATED: contiguous (1)");
  expect(lines).toContain("but never 2");
});

test("a lost compare-and-publish does not count against the acknowledged share", () => {
  const asked = fact("publish", { op: "c", token: "c", expectedOffset: 1 });
  const lost = fact("published", { op: "c", outcome: "failed", code: "offset_mismatch" });
  const { publishes } = reportOf(story([...whole, asked, lost]));
  expect(publishes).toMatchObject({ asked: 4, mismatched: 1, failed: 0, acknowledgedShare: 1 });
});

test("a run that would not fit into memory is refused with what to change", () => {
  expect(refusalOf(settings)).toBeUndefined();
  expect(refusalOf({ ...settings, durationMs: 3_600_000 })).toContain("shorter duration");
  expect(refusalOf({ ...settings, connections: 0 })).toContain("connections");
  expect(refusalOf({ ...settings, channels: 1 })).toContain("subscriptions per connection");
  expect(expectedEvents({ ...settings, durationMs: 1_000 })).toBe(150 * 23);
});

test("a recording says when it is nearly full, and never grows past its bound", () => {
  let nowMs = 500;
  const recording = createRecording(() => nowMs, 10);
  for (let n = 0; n < 8; n += 1) {
    expect(recording.nearlyFull).toBe(false);
    nowMs += 1;
    recording.record(fact("healed"));
  }
  expect(recording.nearlyFull).toBe(true);
  for (let n = 0; n < 8; n += 1) recording.record(fact("healed"));
  expect(recording.events).toHaveLength(10);
  expect(recording.overflowed).toBe(true);
  expect(recording.events[0]?.atMs).toBe(1);
});
