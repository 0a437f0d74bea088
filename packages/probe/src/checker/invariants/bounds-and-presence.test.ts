import { describe, expect, it } from "vitest";
import { appended, delivered, fact, kindsOf, story, subscribed } from "../../testing/story.js";
import { checkHistory } from "../check-history.js";
import type { HistoryEvent } from "../history.js";

const epochOne = fact("epoch", { epoch: "e1", why: "first" });

function broken(events: readonly HistoryEvent[]): readonly string[] {
  return [...new Set(checkHistory(events).violations.map((violation) => violation.invariant))];
}

describe("state-equality", () => {
  const one = (observer: string, digest: string) => fact("state", { observer, digest });

  it("accepts equal states at one position and different ones at two", () => {
    const other = fact("state", { observer: "http", offset: 2, digest: "b" });
    expect(broken(story(one("sdk", "a"), one("http", "a"), other))).toEqual([]);
  });

  it("refuses two states at one position", () => {
    expect(broken(story(one("sdk", "a"), one("http", "b")))).toEqual(["state-equality"]);
  });

  it("judges the snapshot of a subscription too", () => {
    const snapshot = fact("subscribed", {
      resumed: false,
      contiguous: true,
      position: { epoch: "e1", offset: 1 },
      state: "b",
    });
    expect(broken(story(one("sdk", "a"), snapshot))).toEqual(["state-equality"]);
  });
});

describe("revocation-bound", () => {
  const start = [epochOne, subscribed()];

  it("accepts what was appended within the bound, however late it arrives", () => {
    const events = story(start, fact("revoked"), 1_900, appended(1), 60_000, delivered(1));
    expect(broken(events)).toEqual([]);
  });

  it("refuses what was appended later", () => {
    const events = story(start, fact("revoked"), 2_100, appended(1), delivered(1));
    const { violations } = checkHistory(events);
    expect(violations.map(({ invariant }) => invariant)).toEqual(["revocation-bound"]);
    expect(kindsOf(violations[0]?.excerpt ?? [])).toEqual(["revoked", "append", "delivered"]);
  });

  it("refuses a late ephemeral publication by the time of its publish", () => {
    const publish = fact("publish", { ephemeral: true });
    const events = story(start, fact("revoked"), 2_100, publish, fact("ephemeral"));
    expect(broken(events)).toEqual(["revocation-bound"]);
  });

  it("looks at the one channel the permission was for, and ends with the next grant", () => {
    const elsewhere = fact("revoked", { channel: "chat:b" });
    expect(broken(story(start, elsewhere, 5_000, appended(1), delivered(1)))).toEqual([]);
    const events = story(start, fact("revoked"), 5_000, appended(1), fact("granted"), delivered(1));
    expect(broken(events)).toEqual([]);
  });
});

describe("queue-bounds", () => {
  it("accepts a queue at its limit and refuses one beyond it", () => {
    const sample = (value: number) =>
      fact("queue", { owner: "g1", queue: "outbound bytes", value, limit: 10 });
    expect(broken(story(sample(10)))).toEqual([]);
    expect(broken(story(sample(11)))).toEqual(["queue-bounds"]);
  });
});

describe("presence-convergence", () => {
  const entered = [fact("connected"), fact("entered", { member: "m1" })];
  const view = (members: readonly string[], quiet = true) =>
    fact("presenceView", { observer: "bob", members, quiet });
  const change = (action: "enter" | "update" | "leave", version: number) =>
    fact("presenceEvent", { observer: "bob", member: "m1", action, version, life: "l1" });

  it("accepts a view at rest that shows who is connected", () => {
    expect(broken(story(entered, view(["m1"])))).toEqual([]);
    expect(broken(story(entered, fact("disconnected"), 41_000, view([])))).toEqual([]);
  });

  it("refuses a view at rest that misses somebody", () => {
    expect(broken(story(entered, view([])))).toEqual(["presence-convergence"]);
  });

  it("refuses a ghost at rest, and one that outlives lease and grace at any time", () => {
    const gone = [...entered, fact("disconnected")];
    expect(broken(story(gone, 41_000, view(["m1"])))).toEqual(["presence-convergence"]);
    expect(broken(story(gone, 41_000, view(["m1"], false)))).toEqual(["presence-convergence"]);
    expect(broken(story(gone, 39_000, view(["m1"], false)))).toEqual([]);
  });

  it("holds a count at rest against those who are connected, named or not", () => {
    const counted = (count: number, quiet = true) =>
      fact("presenceView", { observer: "bob", members: [], count, countOnly: true, quiet });
    expect(broken(story(entered, counted(1)))).toEqual([]);
    expect(broken(story(entered, counted(2)))).toEqual(["presence-convergence"]);
    expect(broken(story(entered, counted(2, false)))).toEqual([]);
    expect(broken(story(entered, fact("disconnected"), 41_000, counted(0)))).toEqual([]);
  });

  it("refuses one who never entered", () => {
    expect(broken(story(view(["m9"])))).toEqual(["presence-convergence"]);
  });

  it("refuses a leave shown for a short absence or for none", () => {
    expect(broken(story(entered, change("enter", 1), change("leave", 2)))).toEqual([
      "presence-convergence",
    ]);
    const short = [fact("disconnected"), 9_000, fact("connected")] as const;
    expect(broken(story(entered, ...short, change("leave", 1)))).toEqual(["presence-convergence"]);
  });

  it("accepts one leave for a long absence and one for a deliberate leave", () => {
    const long = [fact("disconnected"), 11_000, fact("connected")] as const;
    expect(broken(story(entered, ...long, change("leave", 1)))).toEqual([]);
    expect(broken(story(entered, fact("left", { member: "m1" }), change("leave", 1)))).toEqual([]);
  });

  it("accepts the leave of a client whose gateway ended the connection, though it was never told", () => {
    const ended = fact("disconnected", { gateway: "g1" });
    expect(broken(story(entered, ended, 10_000, change("leave", 1)))).toEqual([]);
    const told = [ended, 11_000, change("leave", 1), fact("disconnected"), fact("connected")];
    expect(broken(story(entered, ...told))).toEqual([]);
    expect(broken(story(entered, ...told, change("leave", 2)))).toEqual(["presence-convergence"]);
  });

  it("refuses a leave before the grace of what a gateway ended is over", () => {
    const ended = fact("disconnected", { gateway: "g1" });
    expect(broken(story(entered, ended, 9_999, change("leave", 1)))).toEqual([
      "presence-convergence",
    ]);
  });

  it("refuses the leave of a client that came back within the grace from what its gateway had ended", () => {
    const back = [fact("disconnected", { gateway: "g1" }), 9_000, fact("connected")] as const;
    expect(broken(story(entered, ...back, 2_000, change("leave", 1)))).toEqual([
      "presence-convergence",
    ]);
  });

  it("refuses a ghost of what its gateway ended, though the client believes in its connection", () => {
    const ended = [fact("disconnected", { gateway: "g1" }), 41_000] as const;
    expect(broken(story(entered, ...ended, view(["m1"], false)))).toEqual(["presence-convergence"]);
  });

  it("refuses a version that does not grow", () => {
    expect(broken(story(entered, change("enter", 2), change("update", 2)))).toEqual([
      "presence-convergence",
    ]);
  });
});
