import { describe, expect, it } from "vitest";
import { Inbox, type Item } from "./inbox.js";

const pub = (offset: number): Item<unknown, unknown> => ({
  kind: "publication",
  value: { channel: "chat:lobby", offset, id: "p", timeMs: 0, data: offset, position: undefined },
});
const moved = (offset: number): Item<unknown, unknown> => ({
  kind: "moved",
  value: { position: { epoch: "e1", offset } },
});

function drain(inbox: Inbox<unknown, unknown>): Item<unknown, unknown>[] {
  const items: Item<unknown, unknown>[] = [];
  for (let item = inbox.shift(); item !== undefined; item = inbox.shift()) items.push(item);
  return items;
}

describe("an inbox", () => {
  it("gives back what it was given, in order, across the pieces it is cut in", () => {
    const inbox = new Inbox<unknown, unknown>(10_000);
    const given = Array.from({ length: 5000 }, (_, index) => pub(index));
    const taken: Item<unknown, unknown>[] = [];
    for (const [index, item] of given.entries()) {
      expect(inbox.push(item)).toBe(true);
      if (index % 3 > 0) taken.push(inbox.shift()!);
    }
    expect([...taken, ...drain(inbox)]).toEqual(given);
  });

  it("keeps only the newest of moves that follow each other, however many", () => {
    const inbox = new Inbox<unknown, unknown>(2);
    for (let offset = 0; offset < 1000; offset += 1) inbox.push(moved(offset));
    inbox.push(pub(1));
    for (let offset = 0; offset < 1000; offset += 1) inbox.push(moved(offset));
    expect(drain(inbox)).toEqual([moved(999), pub(1), moved(999)]);
  });

  it("has room for its bound of publications, whatever stands between them, and again once they are taken", () => {
    const inbox = new Inbox<unknown, unknown>(2);
    for (const offset of [1, 2]) {
      inbox.push(moved(offset));
      expect(inbox.push(pub(offset))).toBe(true);
    }
    expect(inbox.push(pub(3))).toBe(false);
    inbox.shift();
    inbox.shift();
    expect(inbox.push(pub(3))).toBe(true);
    expect(inbox.push(pub(4))).toBe(false);
    inbox.clear();
    expect(inbox.push(pub(5))).toBe(true);
  });
});
