import { describe, expect, it } from "vitest";
import { appended, delivered, fact, story, subscribed } from "../testing/story.js";
import { checkHistory, explain } from "./check-history.js";
import { decodeHistory, encodeHistory } from "./json-lines.js";
import { OffsetRanges } from "./offset-ranges.js";

const history = story(fact("epoch", { why: "first" }), 5, appended(1), subscribed(), delivered(1));

describe("a history as JSON lines", () => {
  it("is read back as it was written", () => {
    expect(decodeHistory(encodeHistory(history))).toEqual({ ok: true, events: history });
  });

  it("names the line that is not an event", () => {
    const lines = encodeHistory(history).split("\n");
    for (const wrong of ["{", "7", '{"seq":2,"atMs":0,"kind":"nonsense"}', lines[0]]) {
      const text = [lines[0], wrong, ...lines.slice(2)].join("\n");
      expect(decodeHistory(text)).toMatchObject({ ok: false, line: 2 });
    }
  });

  it("gives the same verdict before and after", () => {
    const bad = story(appended(1), subscribed(), delivered(1), delivered(1));
    const decoded = decodeHistory(encodeHistory(bad));
    expect(decoded.ok && checkHistory(decoded.events)).toEqual(checkHistory(bad));
  });
});

describe("an explanation", () => {
  it("is the sentence and the piece of history, one event a line", () => {
    const bad = story(appended(1), subscribed(), 7, delivered(1), delivered(1));
    const [violation] = checkHistory(bad).violations;
    const lines = violation === undefined ? [] : explain(violation).split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[0]).toContain("no-duplicate: ann was handed offset 1 (epoch e1) of chat:a twice");
    expect(lines[2]).toMatch(/^ {2}#6 7 ms {2}\{"kind":"delivered"/);
  });
});

describe("offset ranges", () => {
  it("know every offset that was added, in whatever order, and the first that was not", () => {
    const ranges = new OffsetRanges();
    for (const offset of [5, 1, 2, 9, 3, 8]) expect(ranges.add(offset)).toBe(true);
    for (const offset of [5, 1, 2, 9, 3, 8]) expect(ranges.add(offset)).toBe(false);
    expect([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].filter((offset) => ranges.has(offset))).toEqual([
      1, 2, 3, 5, 8, 9,
    ]);
    expect(ranges.firstMissing(1)).toBe(4);
    expect(ranges.firstMissing(5)).toBe(6);
    expect(ranges.firstMissing(7)).toBe(7);
    ranges.add(4);
    expect(ranges.firstMissing(1)).toBe(6);
  });
});
