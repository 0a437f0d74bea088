import { describe, expect, it } from "vitest";
import {
  appended,
  delivered,
  fact,
  kindsOf,
  positionAt,
  resumed,
  story,
  subscribed,
} from "../../testing/story.js";
import { checkHistory } from "../check-history.js";
import type { HistoryEvent } from "../history.js";

const epochOne = fact("epoch", { epoch: "e1", why: "first" });
const five = [1, 2, 3, 4, 5].flatMap((offset) => appended(offset));

function broken(events: readonly HistoryEvent[]): readonly string[] {
  return [...new Set(checkHistory(events).violations.map((violation) => violation.invariant))];
}

function only(events: readonly HistoryEvent[]) {
  const { violations } = checkHistory(events);
  expect(violations).toHaveLength(1);
  const [violation] = violations;
  if (violation === undefined) throw new Error("unreachable");
  return violation;
}

describe("contiguous", () => {
  it("accepts every offset in turn, through a resume", () => {
    const before = [subscribed(), delivered(1), delivered(2)];
    expect(broken(story(epochOne, five, before, resumed(2), delivered(3)))).toEqual([]);
  });

  it("shows the two deliveries around an offset that was left out", () => {
    const violation = only(
      story(epochOne, five, subscribed(), delivered(1), delivered(2), delivered(4), delivered(5)),
    );
    expect(violation.invariant).toBe("contiguous");
    expect(violation.message).toContain("never 3");
    expect(violation.excerpt).toMatchObject([{ offset: 2 }, { offset: 4 }]);
  });

  it("refuses a first delivery that is not right after the position the subscription began at", () => {
    const violation = only(story(epochOne, five, subscribed(1), delivered(3)));
    expect(violation.invariant).toBe("contiguous");
    expect(kindsOf(violation.excerpt)).toEqual(["subscribed", "delivered"]);
  });

  it("lets a subscription skip that said it would", () => {
    const filtered = fact("subscribed", {
      resumed: false,
      contiguous: false,
      position: positionAt(0),
    });
    expect(broken(story(epochOne, five, filtered, delivered(2), delivered(5)))).toEqual([]);
  });

  it("refuses another epoch without a word", () => {
    const change = fact("epoch", { epoch: "e2", why: "wiped" });
    const before = [subscribed(), delivered(1), change, ...appended(2, "e2")];
    expect(broken(story(epochOne, five, before, delivered(2, "e2")))).toContain("contiguous");
  });

  it("refuses what comes before the subscription began", () => {
    expect(broken(story(epochOne, five, delivered(1)))).toEqual(["contiguous"]);
  });
});

describe("no-duplicate", () => {
  it("accepts the same offset again in another epoch after a reset", () => {
    const change = fact("epoch", { epoch: "e2", why: "wiped" });
    const reset = fact("reset", { reason: "epoch_changed", position: positionAt(0, "e2") });
    const again = appended(1, "e2");
    const before = [subscribed(), delivered(1), change, reset, ...again];
    expect(broken(story(epochOne, five, before, delivered(1, "e2")))).toEqual([]);
  });

  it("shows both deliveries of one offset", () => {
    const violation = only(
      story(epochOne, five, subscribed(), delivered(1), delivered(2), resumed(2), delivered(2)),
    );
    expect(violation.invariant).toBe("no-duplicate");
    expect(violation.excerpt).toMatchObject([{ offset: 2 }, { offset: 2 }]);
  });
});

describe("order", () => {
  it("names two swapped deliveries, and nothing else", () => {
    const violation = only(
      story(epochOne, five, subscribed(), delivered(1), delivered(3), delivered(2), delivered(4)),
    );
    expect(violation.invariant).toBe("order");
    expect(violation.excerpt).toMatchObject([{ offset: 3 }, { offset: 2 }]);
  });

  it("refuses what lies before the position the subscription began at", () => {
    expect(broken(story(epochOne, five, subscribed(3), delivered(2), delivered(4)))).toEqual([
      "order",
    ]);
  });
});

describe("epoch-monotone", () => {
  it("accepts one epoch after the other", () => {
    const second = fact("epoch", {
      epoch: "e2",
      why: "failover",
      lineage: { parent: "e1", upTo: 5 },
    });
    expect(
      broken(story(epochOne, five, subscribed(), delivered(1), second, resumed(1, "e2"))),
    ).toEqual([]);
  });

  it("refuses an epoch the subscription had left", () => {
    const second = fact("epoch", {
      epoch: "e2",
      why: "failover",
      lineage: { parent: "e1", upTo: 5 },
    });
    const events = story(
      epochOne,
      five,
      subscribed(),
      delivered(1),
      second,
      resumed(1, "e2"),
      resumed(1, "e1"),
    );
    expect(broken(events)).toContain("epoch-monotone");
  });
});

describe("resume-honesty", () => {
  const asked = fact("subscribe", { from: positionAt(2) });
  const before = [epochOne, ...five, subscribed(), delivered(1), delivered(2), asked];

  it("accepts a resume where the client stood", () => {
    expect(broken(story(...before, resumed(2), delivered(3)))).toEqual([]);
  });

  it("accepts a resume into an epoch whose lineage holds the position", () => {
    const second = fact("epoch", {
      epoch: "e2",
      why: "failover",
      lineage: { parent: "e1", upTo: 2 },
    });
    const next = appended(3, "e2");
    expect(broken(story(...before, second, resumed(2, "e2"), next, delivered(3, "e2")))).toEqual(
      [],
    );
  });

  it("refuses a resume somewhere else", () => {
    expect(broken(story(...before, resumed(3), delivered(4)))).toContain("resume-honesty");
  });

  it("refuses a resume whose replay is cut short at its front", () => {
    expect(broken(story(...before, resumed(2), delivered(4)))).toContain("resume-honesty");
  });

  it("refuses a resume into an epoch without lineage to the position", () => {
    const second = fact("epoch", {
      epoch: "e2",
      why: "failover",
      lineage: { parent: "e1", upTo: 1 },
    });
    const violation = only(story(...before, second, resumed(2, "e2")));
    expect(violation.invariant).toBe("resume-honesty");
    expect(kindsOf(violation.excerpt)).toEqual(["epoch", "subscribed"]);
  });

  it("refuses a resume over another entry than the witness", () => {
    const wrong = fact("subscribe", { from: { epoch: "e1", offset: 2, id: "other" } });
    expect(broken(story(...before.slice(0, -1), wrong, resumed(2)))).toEqual(["resume-honesty"]);
  });
});

describe("justified-reset", () => {
  const before = [epochOne, ...five, subscribed(), delivered(1), delivered(2)];
  const trimmed = fact("reset", { reason: "history_trimmed", position: positionAt(4) });

  it("accepts a reset after a trim beyond the position", () => {
    const trim = fact("trim", { first: 5 });
    expect(broken(story(...before, trim, trimmed, delivered(5)))).toEqual([]);
  });

  it("refuses a reset for a trim that had not reached the position", () => {
    const trim = fact("trim", { first: 3 });
    const violation = only(story(...before, trim, trimmed, delivered(5)));
    expect(violation.invariant).toBe("justified-reset");
    expect(kindsOf(violation.excerpt)).toEqual(["delivered", "reset"]);
  });

  it("refuses a reset where the lineage would have carried the position over", () => {
    const second = fact("epoch", {
      epoch: "e2",
      why: "failover",
      lineage: { parent: "e1", upTo: 2 },
    });
    const reset = fact("reset", { reason: "epoch_changed", position: positionAt(2, "e2") });
    expect(broken(story(...before, second, reset))).toEqual(["justified-reset"]);
  });

  it("accepts a reset of who had seen the lost suffix", () => {
    const second = fact("epoch", {
      epoch: "e2",
      why: "failover",
      lineage: { parent: "e1", upTo: 1 },
    });
    const reset = fact("reset", { reason: "position_ahead", position: positionAt(1, "e2") });
    expect(broken(story(...before, second, reset))).toEqual([]);
  });

  it("wants an exhausted replay recorded before it is given as a reason", () => {
    const reset = fact("reset", { reason: "replay_exhausted", position: positionAt(5) });
    expect(broken(story(...before, reset))).toEqual(["justified-reset"]);
    expect(broken(story(...before, fact("exhausted"), reset))).toEqual([]);
  });

  it("without the engine's record accepts a reset only after a fault of the engine", () => {
    const seen = [subscribed(), trimmed];
    expect(broken(story(...seen))).toEqual(["justified-reset"]);
    const fault = fact("fault", { fault: "engine restart", phase: "begin", engine: true });
    expect(broken(story(fault, ...seen))).toEqual([]);
  });

  it("without the engine's record accepts a trim that the final history shows", () => {
    const sent = [1, 2, 3, 4, 5].map((n) => {
      return fact("publish", { client: "bob", op: `p${n}`, token: `t${n}` });
    });
    const seen = [...sent, subscribed(), delivered(1), trimmed, delivered(5)];
    expect(broken(story(...seen, fact("final", { first: 5, top: 5 })))).toEqual([]);
    expect(broken(story(...seen, fact("final", { first: 2, top: 5 })))).toEqual([
      "justified-reset",
    ]);
  });
});

describe("snapshot-join", () => {
  const snapshot = fact("subscribed", {
    resumed: false,
    contiguous: true,
    position: positionAt(2),
    top: 2,
    state: "two",
  });

  it("accepts the delta right after the snapshot", () => {
    expect(broken(story(epochOne, five, snapshot, delivered(3)))).toEqual([]);
  });

  it("refuses a delta the snapshot already holds, and one that is too far", () => {
    expect(broken(story(epochOne, five, snapshot, delivered(2)))).toContain("snapshot-join");
    expect(broken(story(epochOne, five, snapshot, delivered(4)))).toContain("snapshot-join");
  });
});

describe("convergence", () => {
  const healed = fact("healed");
  const final = fact("final", { first: 1, top: 5 });
  const start = [epochOne, ...five, subscribed(), delivered(1), delivered(2)];
  const rest = [delivered(3), delivered(4), delivered(5)];

  it("accepts who catches up in time", () => {
    expect(broken(story(...start, healed, 29_000, ...rest, final))).toEqual([]);
  });

  it("refuses who is still behind at the end", () => {
    const violation = only(story(...start, healed, 20_000, delivered(3), final));
    expect(violation.invariant).toBe("convergence");
    expect(violation.message).toContain("stands at offset 3, the engine at 5");
  });

  it("refuses who catches up too late", () => {
    expect(broken(story(...start, healed, 31_000, ...rest, final))).toEqual(["convergence"]);
  });

  it("refuses a subscription that never began", () => {
    expect(broken(story(epochOne, fact("subscribe"), healed, final))).toEqual(["convergence"]);
  });

  it("expects nothing of who unsubscribed or lost the permission", () => {
    expect(broken(story(...start, fact("unsubscribed"), healed, final))).toEqual([]);
    expect(broken(story(...start, fact("revoked"), healed, final))).toEqual([]);
  });
});
