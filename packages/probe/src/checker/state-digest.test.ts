import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stateDigest } from "./state-digest.js";

describe("the digest of a state", () => {
  it("is the value itself where it is short, and its beginning where it is long", () => {
    expect(stateDigest({ b: [1, null], a: "x" })).toBe('{"a":"x","b":[1,null]}');
    expect(stateDigest(undefined)).toBe("undefined");
    const long = stateDigest({ text: "x".repeat(500) });
    expect(long).toMatch(/^\{"text":"x+… \(511 characters, \w+\)$/);
    expect(long.length).toBeLessThan(110);
  });

  it("is equal for equal values, whatever the order of their members, and differs otherwise", () => {
    const json = fc.jsonValue({ maxDepth: 3 });
    fc.assert(
      fc.property(json, json, (one, other) => {
        const reversed = (value: unknown): unknown => {
          if (typeof value !== "object" || value === null) return value;
          if (Array.isArray(value)) return value.map(reversed);
          const members = Object.entries(value).map(([k, v]) => [k, reversed(v)] as const);
          return Object.fromEntries(members.reverse());
        };
        expect(stateDigest(reversed(one))).toBe(stateDigest(one));
        const isSame = JSON.stringify(reversed(reversed(one))) === JSON.stringify(other);
        if (!isSame && stateDigest(one) === stateDigest(other)) expect(one).toEqual(other);
      }),
      { numRuns: 500 },
    );
    const pad = "x".repeat(200);
    expect(stateDigest({ pad, n: 1 })).not.toBe(stateDigest({ pad, n: 2 }));
  });
});
