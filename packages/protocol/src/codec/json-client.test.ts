import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findIJsonFault, prototypeKeyFault } from "../i-json.js";
import type { UpMessage } from "../schemas/up.js";
import { clientJsonCodec, jsonCodec } from "./json.js";

const publish = (data: unknown): UpMessage => ({ type: "publish", channel: "a:b", data });
const encode = (data: unknown): string => String(clientJsonCodec.encode(publish(data)));

/** As JSON reads it back: members that are `undefined` are not there, and there is no -0. */
function asRead(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asRead);
  if (typeof value === "number") return value + 0;
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([name, member]) => [name, asRead(member)]));
}

describe("the JSON codec of a client", () => {
  it("writes any value that the gateway takes as the gateway would, and no other", () => {
    const limits = { maxDepth: 100, keyFault: prototypeKeyFault };
    const text = fc.string({ unit: fc.oneof(fc.nat(0xffff).map((u) => String.fromCharCode(u))) });
    const name = fc.oneof(text, fc.constantFrom("__proto__", "constructor", "prototype"));
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(fc.jsonValue(), fc.double(), text, tie("members")),
      members: fc.dictionary(name, tie("value"), { maxKeys: 3 }),
    }));
    const seen = { taken: 0, refused: 0 };
    fc.assert(
      fc.property(value, (data) => {
        if (findIJsonFault(data, limits) === undefined) {
          seen.taken++;
          expect(encode(data)).toBe(jsonCodec.encode(publish(data)));
        } else {
          seen.refused++;
          expect(() => encode(data)).toThrow(TypeError);
        }
      }),
      { numRuns: 2000 },
    );
    expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(100);
  });

  it("writes nothing that reads back as something else, whatever it is given", () => {
    let written = 0;
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withSparseArray: true,
      withNullPrototype: true,
    });
    fc.assert(
      fc.property(anything, (data) => {
        let text: string;
        try {
          text = encode(data);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
          return;
        }
        written += 1;
        const read = JSON.parse(text) as { readonly data?: unknown };
        expect(asRead(read.data)).toEqual(asRead(data));
      }),
      { numRuns: 2000 },
    );
    expect(written).toBeGreaterThan(200);
  });

  it.each([
    ["publish/data/at/1", { at: [1, Number.NaN] }],
    ["publish/data/when", { when: new Date(0) }],
    ["publish/data/members", { members: new Map() }],
    ["publish/data/0", [undefined]],
    ["publish/data/0", new Array(1)],
    ["publish/data/f", { f: () => 1 }],
    ["publish/data", Symbol("x")],
    ["publish/data/text", { text: "half \ud83d" }],
    ["publish/data/n", { n: 2 ** 53 }],
    ["publish/data/a/__proto__", { a: JSON.parse('{"__proto__":1}') }],
    ["publish/data/constructor", { constructor: 1 }],
  ])("names the place: %s", (place, data) => {
    expect(() => encode(data)).toThrow(`${place} must be an I-JSON value`);
  });

  it("refuses a cycle", () => {
    const data: Record<string, unknown> = {};
    data.self = data;
    expect(() => encode(data)).toThrow(TypeError);
  });

  it("carries bytes both ways", () => {
    const bytes = new Uint8Array([0, 255, 16]);
    const text = clientJsonCodec.encode({ type: "publish", channel: "a:b", bytes });
    expect(clientJsonCodec.decode(text, 1)).toEqual([{ type: "publish", channel: "a:b", bytes }]);
  });
});
