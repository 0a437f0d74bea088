import { readFileSync } from "node:fs";
import { Unpackr } from "msgpackr";
import { describe, expect, it } from "vitest";
import { frameOf } from "../test/frame-of.js";
import { msgpackCodec } from "./codec/msgpack.js";
import { type DownMessage, downSchemas } from "./schemas/down.js";
import { type UpMessage, upSchemas } from "./schemas/up.js";
import { parseUp } from "./up-parser.js";

interface Outcome {
  readonly ok: boolean;
  readonly message?: { readonly type: string; readonly ref?: number; readonly channel?: string };
}

interface Vector {
  readonly name: string;
  readonly payloadHex: string;
  readonly frameHex: string;
  readonly canonical?: boolean;
  readonly refs?: Readonly<Record<string, string>>;
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

const payloadOf = ({ payloadHex }: Vector) => new Uint8Array(Buffer.from(payloadHex, "hex"));
const isValid = (vector: Vector) => vector.expect.every((outcome) => outcome.ok);

/** Another implementation, as a reader of bytes that are right. */
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: "number" });

function encoded(outcomes: readonly Outcome[], refs: Readonly<Record<string, string>> = {}) {
  const parts = outcomes.map(({ message }) => {
    const { ref, ...plain } = message ?? { type: "" };
    const known = Object.entries(refs).find(([, channel]) => channel === plain.channel);
    const payload = msgpackCodec.encode(
      plain as UpMessage | DownMessage,
      ref ?? Number(known?.[0] ?? 0),
    );
    return Buffer.from(payload as Uint8Array);
  });
  return Buffer.concat(parts).toString("hex");
}

describe("binary frames of clients", () => {
  const { limits, vectors } = read("msgpack-up.json");

  it.each(vectors)("$name", (vector) => {
    const payload = payloadOf(vector);
    expect(frameOf(payload, true)).toBe(vector.frameHex);
    const outcomes = msgpackCodec
      .decode(payload, limits.maxMessagesPerFrame)
      .map((value) => parseUp(value, limits));
    const withoutMessages = outcomes.map((outcome) => {
      if (outcome.ok) return outcome;
      const { message, ...rest } = outcome;
      expect(message).not.toBe("");
      return rest;
    });
    expect(withoutMessages).toEqual(vector.expect);
    if (isValid(vector) && vector.canonical !== false) {
      expect(encoded(vector.expect)).toBe(vector.payloadHex);
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

describe("binary frames of gateways", () => {
  const { limits, vectors } = read("msgpack-down.json");

  it.each(vectors)("$name", (vector) => {
    const payload = payloadOf(vector);
    expect(frameOf(payload, false)).toBe(vector.frameHex);
    const client = msgpackCodec.forConnection?.();
    for (const [ref, channel] of Object.entries(vector.refs ?? {})) {
      const told = { type: "subscribed", channel, resumed: false, contiguous: true } as const;
      client?.decode(msgpackCodec.encode(told, Number(ref)), 1);
    }
    const values = client?.decode(payload, limits.maxMessagesPerFrame);
    expect(values?.map((message) => ({ ok: true, message }))).toEqual(vector.expect);
    expect(encoded(vector.expect, vector.refs)).toBe(vector.payloadHex);
  });

  it("show every message", () => {
    const types = new Set(
      vectors.flatMap((each) => each.expect.map(({ message }) => message?.type)),
    );
    for (const type of Object.keys(downSchemas)) expect(types).toContain(type);
  });

  it("are what another implementation reads", () => {
    for (const vector of vectors) {
      let payload = payloadOf(vector);
      for (const { message } of vector.expect) {
        const isLong = payload[0]! >= 0x80;
        const size = isLong ? (payload[0]! & 0x7f) + payload[1]! * 0x80 : payload[0]!;
        const start = isLong ? 2 : 1;
        const value: unknown = unpackr.unpack(payload.slice(start, start + size));
        const { channel, ...rest } = message ?? {};
        const ref = Object.entries(vector.refs ?? {}).find(([, name]) => name === channel)?.[0];
        expect(value).toEqual(ref === undefined ? message : { ...rest, ref: Number(ref) });
        payload = payload.slice(start + size);
      }
      expect(payload).toHaveLength(0);
    }
  });
});
