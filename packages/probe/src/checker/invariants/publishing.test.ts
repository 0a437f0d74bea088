import { describe, expect, it } from "vitest";
import { appended, delivered, fact, kindsOf, story, subscribed } from "../../testing/story.js";
import { checkHistory } from "../check-history.js";
import type { HistoryEvent } from "../history.js";

const epochOne = fact("epoch", { epoch: "e1", why: "first" });

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

describe("ack-appended", () => {
  const publish = fact("publish");
  const append = fact("append");
  const ack = fact("published", { outcome: "ok", epoch: "e1", offset: 1 });

  it("accepts an acknowledgement of what was appended, and an unknown outcome of what was not", () => {
    expect(broken(story(epochOne, publish, append, ack))).toEqual([]);
    const unknown = fact("published", { outcome: "unknown" });
    expect(broken(story(epochOne, publish, unknown))).toEqual([]);
  });

  it("refuses an acknowledgement of nothing", () => {
    const violation = only(story(epochOne, publish, ack));
    expect(violation.invariant).toBe("ack-appended");
    expect(kindsOf(violation.excerpt)).toEqual(["publish", "published"]);
  });

  it("refuses an acknowledgement that came before the append", () => {
    expect(broken(story(epochOne, publish, ack, append))).toEqual(["ack-appended"]);
  });

  it("refuses an acknowledgement that names another entry", () => {
    const other = fact("publish", { op: "op2", token: "t2" });
    const events = story(epochOne, publish, other, fact("append", { token: "t2" }), ack);
    expect(broken(events)).toEqual(["ack-appended"]);
  });

  it("refuses an acknowledged entry that is lost while the epoch stays", () => {
    const end = fact("final", { first: 1, top: 0 });
    expect(broken(story(epochOne, publish, append, ack, end))).toEqual(["ack-appended"]);
    const elsewhere = fact("final", { epoch: "e2", first: 1, top: 0 });
    expect(broken(story(epochOne, publish, append, ack, elsewhere))).toEqual([]);
  });
});

describe("no-phantom", () => {
  const start = [epochOne, subscribed()];

  it("accepts what was published, also with an unknown outcome", () => {
    const unknown = fact("published", { outcome: "unknown" });
    expect(broken(story(...start, fact("publish"), unknown, fact("append"), delivered(1)))).toEqual(
      [],
    );
  });

  it("refuses what nobody published", () => {
    const violation = only(story(...start, fact("append"), delivered(1)));
    expect(violation.invariant).toBe("no-phantom");
  });

  it("refuses what was published to another channel", () => {
    const elsewhere = fact("publish", { channel: "chat:b" });
    expect(broken(story(...start, elsewhere, fact("append"), delivered(1)))).toEqual([
      "no-phantom",
    ]);
  });

  it("refuses what its publisher was told had failed", () => {
    const failed = fact("published", { outcome: "failed", code: "forbidden" });
    const events = story(...start, fact("publish"), failed, fact("append"), delivered(1));
    expect(broken(events)).toEqual(["no-phantom"]);
  });

  it("refuses an ephemeral publication that comes back as a stored one", () => {
    const events = story(
      ...start,
      fact("publish", { ephemeral: true }),
      fact("append"),
      delivered(1),
    );
    expect(broken(events)).toEqual(["no-phantom"]);
  });
});

describe("agreement", () => {
  it("accepts one payload for everyone, along a lineage too", () => {
    const second = fact("epoch", {
      epoch: "e2",
      why: "failover",
      lineage: { parent: "e1", upTo: 1 },
    });
    const kept = fact("kept", { epoch: "e2", offset: 1, token: "t1", id: "i1" });
    expect(broken(story(epochOne, appended(1), second, kept))).toEqual([]);
  });

  it("refuses two payloads at one place", () => {
    const events = story(
      epochOne,
      appended(1),
      appended(2),
      subscribed(),
      fact("delivered", { offset: 1, token: "t2", id: "i1" }),
    );
    const violation = only(events);
    expect(violation.invariant).toBe("agreement");
    expect(kindsOf(violation.excerpt)).toEqual(["append", "delivered"]);
  });
});

describe("read-your-ack", () => {
  const read = fact("read", { op: "r1" });
  const shows = (top: number, epoch = "e1") =>
    fact("readDone", { op: "r1", outcome: "ok", epoch, top });

  it("accepts a read that shows what was acknowledged before it began", () => {
    expect(broken(story(epochOne, appended(1), read, appended(2), shows(1)))).toEqual([]);
  });

  it("refuses a read that shows less", () => {
    const violation = only(story(epochOne, appended(1), appended(2), read, shows(1)));
    expect(violation.invariant).toBe("read-your-ack");
    expect(kindsOf(violation.excerpt)).toEqual(["published", "read", "readDone"]);
  });

  it("refuses a subscribe that shows less", () => {
    const events = story(epochOne, appended(1), fact("subscribe"), subscribed(0));
    expect(broken(events)).toEqual(["read-your-ack"]);
  });

  it("accepts a newer epoch and refuses an older one", () => {
    const second = fact("epoch", { epoch: "e2", why: "wiped" });
    expect(broken(story(epochOne, appended(1), read, second, shows(0, "e2")))).toEqual([]);
    const stale = story(epochOne, appended(1), second, appended(1, "e2"), read, shows(1, "e1"));
    expect(broken(stale)).toEqual(["read-your-ack"]);
  });
});

describe("key-idempotence", () => {
  const first = [
    fact("publish", { key: "k" }),
    fact("append"),
    fact("published", { outcome: "ok", epoch: "e1", offset: 1 }),
  ];
  const again = (offset: number, token = "t1") => [
    fact("publish", { op: "op2", token, key: "k" }),
    fact("published", { op: "op2", outcome: "ok", epoch: "e1", offset, duplicate: true }),
  ];

  it("accepts a repeat that gets the first outcome", () => {
    expect(broken(story(epochOne, first, again(1)))).toEqual([]);
  });

  it("refuses a repeat that is appended again", () => {
    const second = fact("append", { offset: 2, id: "i2" });
    expect(broken(story(epochOne, first, second, again(2)))).toEqual(["key-idempotence"]);
  });

  it("refuses a second entry although the retry was told the first outcome", () => {
    const second = fact("append", { offset: 2, id: "i2" });
    const violation = only(story(epochOne, first, second, again(1)));
    expect(violation.invariant).toBe("key-idempotence");
    expect(kindsOf(violation.excerpt)).toEqual(["publish", "append", "append"]);
  });

  it("refuses two payloads under one key", () => {
    const second = fact("append", { offset: 2, id: "i2", token: "t2" });
    expect(broken(story(epochOne, first, second, again(2, "t2")))).toEqual(["key-idempotence"]);
  });

  it("forgets a key after its window, and other users' keys always", () => {
    const second = fact("append", { offset: 2, id: "i2", token: "t2" });
    expect(broken(story(epochOne, first, 400_000, second, again(2, "t2")))).toEqual([]);
    const other = again(2, "t2").map((event) => ({ ...event, client: "cid" }));
    expect(broken(story(epochOne, first, second, other))).toEqual([]);
  });
});

describe("compare-and-publish", () => {
  const won = (op: string, offset: number) => [
    fact("publish", { op, token: op, expectedOffset: 0, client: op }),
    fact("append", { offset, token: op, id: op }),
    fact("published", { op, client: op, outcome: "ok", epoch: "e1", offset }),
  ];

  it("accepts one winner and definite losers", () => {
    const lost = [
      fact("publish", { op: "b", token: "b", expectedOffset: 0 }),
      fact("published", { op: "b", outcome: "failed", code: "offset_mismatch" }),
    ];
    expect(broken(story(epochOne, won("a", 1), lost))).toEqual([]);
  });

  it("refuses two winners", () => {
    expect(broken(story(epochOne, won("a", 1), won("b", 1)))).toContain("compare-and-publish");
  });

  it("refuses a winner that did not get the next offset", () => {
    expect(broken(story(epochOne, won("a", 2)))).toEqual(["compare-and-publish"]);
  });
});

describe("publisher-order", () => {
  const sent = (seq: number, offset: number) => [
    fact("publish", { op: `p${seq}`, token: `p${seq}`, session: { id: "s", seq } }),
    fact("append", { offset, token: `p${seq}`, id: `p${seq}` }),
  ];

  it("accepts the order of the session, whoever publishes between", () => {
    expect(broken(story(epochOne, sent(1, 1), appended(2), sent(2, 3)))).toEqual([]);
  });

  it("refuses a later number before an earlier one", () => {
    const violation = only(story(epochOne, sent(2, 1), sent(1, 2)));
    expect(violation.invariant).toBe("publisher-order");
    expect(kindsOf(violation.excerpt)).toEqual(["append", "append"]);
  });

  it("lets a number be missing whose publish was refused or a repeat", () => {
    expect(broken(story(epochOne, sent(1, 1), sent(3, 2)))).toEqual([]);
  });

  it("without the engine's record lets a publish be missing, and refuses one twice or swapped", () => {
    const asked = [1, 2, 3].map((seq) => sent(seq, seq)[0]!);
    const kept = (seq: number, offset: number) =>
      fact("kept", { offset, token: `p${seq}`, id: `i${offset}` });
    expect(broken(story(asked, kept(1, 1), kept(3, 2)))).toEqual([]);
    expect(broken(story(asked, kept(2, 1), kept(2, 2)))).toEqual(["publisher-order"]);
    expect(broken(story(asked, kept(3, 1), kept(2, 2)))).toEqual(["publisher-order"]);
  });

  it("refuses what was given up as unknown after what was published later", () => {
    const givenUp = fact("published", { op: "p1", outcome: "unknown" });
    expect(broken(story(epochOne, sent(1, 1), givenUp, sent(2, 2)))).toEqual([]);
    expect(broken(story(epochOne, sent(2, 1), givenUp, sent(1, 2)))).toEqual(["publisher-order"]);
    const asked = [1, 2].map((seq) => sent(seq, seq)[0]!);
    const kept = (seq: number, offset: number) =>
      fact("kept", { offset, token: `p${seq}`, id: `i${offset}` });
    expect(broken(story(asked, givenUp, kept(2, 1), kept(1, 2)))).toEqual(["publisher-order"]);
  });
});
