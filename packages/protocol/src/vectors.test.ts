import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { frameOf } from "../test/frame-of.js";
import type { Payload } from "./codec/codec.js";
import { jsonCodec } from "./codec/json.js";
import { downSchemas } from "./schemas/down.js";
import { type UpMessage, upSchemas } from "./schemas/up.js";
import { parseUp } from "./up-parser.js";

interface Outcome {
  readonly ok: boolean;
  readonly message?: { readonly type: string };
}

interface Vector {
  readonly name: string;
  readonly text: string;
  readonly payloadHex: string;
  readonly frameHex: string;
  readonly canonical?: boolean;
  readonly expect: readonly Outcome[];
}

interface VectorFile {
  readonly limits: { readonly maxMessagesPerFrame: number; readonly maxDataDepth: number };
  readonly vectors: readonly Vector[];
}

const read = (name: string): VectorFile =>
  JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), "utf8"), (_key, value) =>
    typeof value?.$hex === "string" ? new Uint8Array(Buffer.from(value.$hex, "hex")) : value,
  );

const encoded = (outcomes: readonly Outcome[]): string =>
  outcomes.map(({ message }): Payload => jsonCodec.encode(message as UpMessage)).join("\n");

const isValid = (vector: Vector) => vector.expect.every((outcome) => outcome.ok);

describe("frames of clients", () => {
  const { limits, vectors } = read("json-up.json");

  it.each(vectors)("$name", (vector) => {
    expect(Buffer.from(vector.text, "utf8").toString("hex")).toBe(vector.payloadHex);
    expect(frameOf(vector.text, true)).toBe(vector.frameHex);
    const outcomes = jsonCodec
      .decode(vector.text, limits.maxMessagesPerFrame)
      .map((value) => parseUp(value, limits));
    const withoutMessages = outcomes.map((outcome) => {
      if (outcome.ok) return outcome;
      const { message, ...rest } = outcome;
      expect(message).not.toBe("");
      return rest;
    });
    expect(withoutMessages).toEqual(vector.expect);
    if (isValid(vector) && vector.canonical !== false) {
      expect(encoded(vector.expect)).toBe(vector.text);
    }
  });

  it("show every command, and refusals as well", () => {
    const types = new Set(
      vectors.flatMap((each) => each.expect.map(({ message }) => message?.type)),
    );
    for (const type of Object.keys(upSchemas)) expect(types).toContain(type);
    expect(vectors.filter((vector) => !isValid(vector)).length).toBeGreaterThan(20);
    expect(new Set(vectors.map(({ name }) => name)).size).toBe(vectors.length);
  });
});

describe("frames of gateways", () => {
  const { limits, vectors } = read("json-down.json");

  it.each(vectors)("$name", (vector) => {
    expect(Buffer.from(vector.text, "utf8").toString("hex")).toBe(vector.payloadHex);
    expect(frameOf(vector.text, false)).toBe(vector.frameHex);
    const values = jsonCodec.decode(vector.text, limits.maxMessagesPerFrame);
    expect(values.map((message) => ({ ok: true, message }))).toEqual(vector.expect);
    expect(encoded(vector.expect)).toBe(vector.text);
  });

  it("show every message", () => {
    const types = new Set(
      vectors.flatMap((each) => each.expect.map(({ message }) => message?.type)),
    );
    for (const type of Object.keys(downSchemas)) expect(types).toContain(type);
  });
});
