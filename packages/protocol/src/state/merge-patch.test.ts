import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { folds } from "./fold.js";
import { maxPatchDepth, mergePatch } from "./merge-patch.js";

interface Vector {
  readonly original: unknown;
  readonly patch: unknown;
  readonly result: unknown;
}

const { vectors }: { readonly vectors: readonly Vector[] } = JSON.parse(
  readFileSync(new URL("../../vectors/merge-patch.json", import.meta.url), "utf8"),
);

/** The pseudo code of RFC 7396 §2, on a copy, with members in maps so that no name means anything. */
function naive(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const members = new Map<string, unknown>(isObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) members.delete(name);
    else members.set(name, naive(members.get(name), value));
  }
  return Object.fromEntries(members);
}

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Few names, so that patches meet what is there; among them those an object inherits. */
const name = fc.constantFrom("a", "b", "__proto__", "constructor", "toString");
const { json } = fc.letrec((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.integer({ min: 0, max: 2 }),
    fc.array(tie("json"), { maxLength: 2 }),
    fc.dictionary(name, tie("json"), { maxKeys: 4 }),
  ),
}));

/** Every object inside a value, by where it is. */
function* objectsIn(value: unknown, path = ""): Iterable<readonly [string, object]> {
  if (typeof value !== "object" || value === null) return;
  yield [path, value];
  for (const [key, member] of Object.entries(value)) yield* objectsIn(member, `${path}/${key}`);
}

function frozen(value: unknown): unknown {
  for (const [, object] of objectsIn(value)) Object.freeze(object);
  return value;
}

describe("a merge patch", () => {
  it.each(vectors)("of RFC 7396 appendix A: $original with $patch", (vector) => {
    expect(mergePatch(vector.original, vector.patch)).toEqual(vector.result);
  });

  it("does what the specification's own code does, and changes neither of its inputs", () => {
    fc.assert(
      fc.property(json, fc.array(json, { maxLength: 5 }), (original, patches) => {
        let state: unknown = frozen(original);
        let model: unknown = original;
        for (const patch of patches) {
          state = frozen(mergePatch(state, frozen(patch)));
          model = naive(model, patch);
          expect(JSON.stringify(state)).toBe(JSON.stringify(model));
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("shares what it does not touch, and gives the state itself where it changes nothing", () => {
    const state = { kept: { deep: [1] }, changed: { a: 1, b: { c: 2 } } };
    const next = mergePatch(state, { changed: { a: 2 } });
    expect(next).toEqual({ kept: { deep: [1] }, changed: { a: 2, b: { c: 2 } } });
    expect((next as typeof state).kept).toBe(state.kept);
    expect((next as typeof state).changed.b).toBe(state.changed.b);
    for (const idle of [{}, { changed: {} }, { changed: { a: 1, b: { c: 2 } } }, { gone: null }]) {
      expect(mergePatch(state, idle)).toBe(state);
    }
  });

  it("never reaches a prototype", () => {
    const patch: unknown = JSON.parse('{"__proto__":{"polluted":true},"constructor":{"x":1}}');
    const state = mergePatch({}, patch);
    expect(JSON.stringify(state)).toBe('{"__proto__":{"polluted":true},"constructor":{"x":1}}');
    expect(Object.getPrototypeOf(state)).toBe(Object.prototype);
    expect("polluted" in {}).toBe(false);
    expect(JSON.stringify(mergePatch(state, JSON.parse('{"__proto__":null}')))).toBe(
      '{"constructor":{"x":1}}',
    );
    expect(mergePatch({}, { toString: null })).toEqual({});
  });

  it("is bounded in depth", () => {
    const nested = (levels: number): unknown => (levels === 0 ? 1 : { a: nested(levels - 1) });
    expect(mergePatch(null, nested(maxPatchDepth))).toEqual(nested(maxPatchDepth));
    expect(() => mergePatch(null, nested(maxPatchDepth + 1))).toThrow(RangeError);
  });
});

it("the state of `last` is the newest publication's data, whatever was before", () => {
  expect([1, null, { a: 1 }].map((data) => folds.last({ before: true }, data))).toEqual([
    1,
    null,
    { a: 1 },
  ]);
});
