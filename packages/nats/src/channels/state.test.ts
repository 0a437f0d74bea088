import { expect, test } from "vitest";
import type { ChannelOp } from "./ops.js";
import { applyToChannel, emptyChannel, restoreChannel, saveChannel } from "./state.js";

const maxSessionOutcomes = 4;

/** A publish of a session under a key. */
const published = (offset: number, seq: number): ChannelOp => [
  "p",
  { offset, id: `e${offset}`, timeMs: 1_000, data: { offset } },
  12,
  1_000 + offset,
  `d${offset}`,
  `k${offset}`,
  "session",
  2,
  seq,
];

test("a channel is the same again out of its checkpoint and the messages of its entries, over epochs too", () => {
  const state = emptyChannel();
  const steps: [number, ChannelOp[]][] = [
    [1, [["b", "first"]]],
    [2, [published(1, 1), published(2, 2)]],
    [3, [["e", "second", [{ parent: "first", upTo: 2 }]]]],
    [4, [published(3, 3), ["a", { offset: 4, id: "e4", timeMs: 1, data: 4 }, 1, 1_004]]],
    [5, [["s", "other", 0, 1, ["first", 1, "e1", "d1", 1_001], 1_005], published(5, 4)]],
    [6, [published(6, 5), ["h", 100, 1_000, 60_000, 0], ["t", 2]]],
  ];
  for (const [seq, ops] of steps) {
    for (const op of ops) applyToChannel(state, op, seq, maxSessionOutcomes);
  }
  const saved = JSON.parse(JSON.stringify(saveChannel(state)));
  const restored = restoreChannel(
    saved,
    steps.map(([seq, o]) => ({
      seq,
      length: 0,
      envelope: { g: "", i: "", p: "", l: 0, b: 0, k: 0, t: 0, o },
    })),
  );
  expect(restored.keys).toEqual(state.keys);
  expect(restored.keys.get("k1")?.epoch).toBe("first");
  expect(restored.sessions).toEqual(state.sessions);
  expect([...(restored.sessions.get("session")?.outcomes.keys() ?? [])]).toEqual([2, 3, 4, 5]);
  expect([restored.epoch, restored.lineage]).toEqual([state.epoch, state.lineage]);
  expect([restored.log.first, restored.log.top, restored.log.bytes]).toEqual([2, 6, 49]);
  expect(restored.log.at(6)).toEqual(state.log.at(6));
});
