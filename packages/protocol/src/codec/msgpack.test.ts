import { describe, expect, it } from "vitest";
import type { UpMessage } from "../schemas/up.js";
import { parseUp } from "../up-parser.js";
import { DecodeError } from "./codec.js";
import { msgpackCodec } from "./msgpack.js";

const limits = { maxDataDepth: 32 };

const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from(hex.replaceAll(" ", "").match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

const hexOf = (bytes: string | Uint8Array): string =>
  Array.from(bytes as Uint8Array, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** A frame of one short message. */
const framed = (body: Uint8Array): Uint8Array => Uint8Array.from([body.length, ...body]);

const text = (value: string): string => (0xa0 + value.length).toString(16) + hexOf(utf8(value));
const utf8 = (value: string): Uint8Array => new TextEncoder().encode(value);

/** `publish` to a:b with id 5 whose `data` is written in hex. */
const publish = (data: string): Uint8Array =>
  framed(
    bytesOf(
      `84 ${text("type")} ${text("publish")} ${text("id")} 05 ${text("channel")} ${text("a:b")} ${text("data")} ${data}`,
    ),
  );

const one = (frame: Uint8Array): unknown => {
  const values = msgpackCodec.decode(frame, 16);
  expect(values).toHaveLength(1);
  return values[0];
};

const dataOf = (hex: string): unknown => (one(publish(hex)) as { data?: unknown }).data;

const errorOf = (frame: Uint8Array): string => {
  const value = one(frame);
  expect(value).toBeInstanceOf(DecodeError);
  expect(parseUp(value, limits)).toMatchObject({ ok: false, code: "bad_message" });
  return (value as DecodeError).message;
};

describe("what MessagePack can say and JSON cannot", () => {
  it.each([
    ["an extension of one byte", "d40001"],
    ["a timestamp", "d6ff00000000"],
    ["a timestamp of 96 bits", "c70cff000000000000000000000000"],
    ["an extension of 16 bits of length", "c8000142ff"],
    ["an extension that says it has 4 GiB", "c9ffffffff01"],
    ["a record of msgpackr", "d4720193a161a162a163"],
    ["the code that is never used", "c1"],
  ])("refuses %s, and makes nothing of it", (_name, hex) => {
    expect(errorOf(publish(hex))).toMatch(/extensions|0xc1/);
  });

  it("refuses keys that are not text", () => {
    for (const key of ["01", "c0", "c3", "c40141", "90", "80", "cb3ff0000000000000"]) {
      expect(errorOf(publish(`81${key}01`))).toContain("keys of a map must be text");
    }
  });

  it.each([
    ["NaN", "cb7ff8000000000000", "/data"],
    ["NaN of 32 bits", "ca7fc00000", "/data"],
    ["Infinity within", "81a16191ca7f800000", "/data/a/0"],
    ["an unsigned number beyond 2^53-1", "cf0020000000000000", "/data"],
    ["the largest unsigned number", "cfffffffffffffffff", "/data"],
    ["a signed number beyond -(2^53-1)", "d3ffe0000000000000", "/data"],
    ["a float beyond 2^53-1", "cb4340000000000000", "/data"],
    ["a byte string within data", "81a162c403010203", "/data/b"],
    ["a member named __proto__", `81${text("__proto__")}80`, "/data"],
    ["a member named constructor", `81${text("constructor")}80`, "/data"],
  ])("refuses %s, naming the place and the request", (_name, hex, field) => {
    expect(parseUp(one(publish(hex)), limits)).toMatchObject({
      ok: false,
      code: "invalid_field",
      field,
      id: 5,
      channel: "a:b",
    });
  });

  it("keeps a member named __proto__ a member, until it is refused", () => {
    const data = dataOf(`81${text("__proto__")}81a17801`);
    expect(Object.getPrototypeOf(data)).toBe(Object.prototype);
    expect(Object.keys(data as object)).toEqual(["__proto__"]);
  });

  it("refuses bytes that are text, and text fields that are bytes", () => {
    const command = `83 ${text("type")} ${text("publish")} ${text("channel")} ${text("a:b")} ${text("bytes")}`;
    expect(parseUp(one(framed(bytesOf(`${command} ${text("AP8Q")}`))), limits)).toMatchObject({
      code: "invalid_field",
      field: "/bytes",
    });
    const named = `82 ${text("type")} ${text("subscribe")} ${text("channel")} c403613a62`;
    expect(parseUp(one(framed(bytesOf(named))), limits)).toMatchObject({ field: "/channel" });
  });

  it("refuses text that is not UTF-8", () => {
    for (const bad of ["a1ff", "a2c0af", "a3eda080", "a4f4908080", "a1c3", "d901ff"]) {
      expect(errorOf(publish(bad))).toContain("UTF-8");
    }
  });
});

describe("numbers", () => {
  it.each([
    ["00", 0],
    ["7f", 127],
    ["ff", -1],
    ["e0", -32],
    ["cc00", 0],
    ["ccff", 255],
    ["cdffff", 65_535],
    ["ceffffffff", 4_294_967_295],
    ["cf001fffffffffffff", Number.MAX_SAFE_INTEGER],
    ["cf0000000000000001", 1],
    ["d080", -128],
    ["d18000", -32_768],
    ["d280000000", -2_147_483_648],
    ["d3ffe0000000000001", Number.MIN_SAFE_INTEGER],
    ["d30000000000000007", 7],
    ["ca3fc00000", 1.5],
    ["cb427b8dac5b400000", 1_893_456_000_000],
    ["cb433fffffffffffff", Number.MAX_SAFE_INTEGER],
  ])("%s is read as the number it is", (hex, value) => {
    expect(dataOf(hex)).toBe(value);
    expect(parseUp(one(publish(hex)), limits)).toMatchObject({ ok: true });
  });

  it("has no negative zero, as JSON has none", () => {
    expect(Object.is(dataOf("cb8000000000000000"), 0)).toBe(true);
    expect(Object.is(dataOf("ca80000000"), 0)).toBe(true);
  });

  it("is written in the shortest form, integers as integers", () => {
    const forms: [number, string][] = [
      [-0, "00"],
      [127, "7f"],
      [128, "cc80"],
      [256, "cd0100"],
      [65_536, "ce00010000"],
      [2 ** 32, "cf0000000100000000"],
      [Number.MAX_SAFE_INTEGER, "cf001fffffffffffff"],
      [-1, "ff"],
      [-33, "d0df"],
      [-129, "d1ff7f"],
      [-32_769, "d2ffff7fff"],
      [-(2 ** 31) - 1, "d3ffffffff7fffffff"],
      [Number.MIN_SAFE_INTEGER, "d3ffe0000000000001"],
      [0.5, "cb3fe0000000000000"],
    ];
    for (const [value, hex] of forms) {
      const message: UpMessage = { type: "publish", channel: "a:b", data: value };
      expect(hexOf(msgpackCodec.encode(message)).endsWith(text("data") + hex)).toBe(true);
    }
  });
});

describe("lengths", () => {
  it.each([
    ["an array of 4 billion", "ddffffffff"],
    ["a map of 4 billion", "dfffffffff"],
    ["text of 4 GiB", "dbffffffff"],
    ["a byte string of 4 GiB", "c6ffffffff"],
    ["an array of 65 535", "dcffff"],
    ["an array with one item less than it says", "930102"],
    ["a map without its last value", "81a161"],
    ["half a number", "cb0000"],
  ])("%s that is not there is refused before anything is made for it", (_name, hex) => {
    expect(errorOf(publish(hex))).toContain("ends inside a value");
  });

  it("refuses nesting that would exhaust the stack, however deep", () => {
    const deep = (levels: number) => {
      const body = Uint8Array.from([...Array<number>(levels).fill(0x91), 0xc0]);
      return Uint8Array.from([(body.length & 0x7f) | 0x80, body.length >> 7, ...body]);
    };
    expect(errorOf(deep(16_000))).toContain("256 levels");
    expect(one(deep(256))).toBeInstanceOf(Array);
  });

  it("names data that is deeper than the gateway permits as JSON does", () => {
    const parsed = parseUp(one(publish(`${"91".repeat(33)}01`)), limits);
    expect(parsed).toMatchObject({ ok: false, code: "invalid_field", id: 5 });
  });

  it("reads every width of text, arrays and maps", () => {
    for (const size of [0, 31, 32, 64, 65, 255, 256, 65_535, 65_536]) {
      for (const unit of ["x", "é", "🦀"]) {
        const command: UpMessage = { type: "publish", channel: "a:b", data: unit.repeat(size) };
        expect(one(msgpackCodec.encode(command) as Uint8Array)).toEqual(command);
      }
      const items = Array.from({ length: size }, (_, index) => index);
      const members = Object.fromEntries(items.map((index) => [`m${index}`, index]));
      for (const data of [items, members]) {
        const command: UpMessage = { type: "publish", channel: "a:b", data };
        expect(one(msgpackCodec.encode(command) as Uint8Array)).toEqual(command);
      }
    }
  });

  it("keeps a byte order mark, at the beginning of short and of long text", () => {
    for (const data of ["\ufeffx", `\ufeff${"x".repeat(1_000)}`]) {
      const command: UpMessage = { type: "publish", channel: "a:b", data };
      expect(one(msgpackCodec.encode(command) as Uint8Array)).toEqual(command);
    }
  });
});

describe("frames", () => {
  const body = `81 ${text("type")} ${text("ping")}`;
  const ping = `0b ${body}`;

  it("hold messages one after the other, and one that is broken fails alone", () => {
    const values = msgpackCodec.decode(bytesOf(`${ping} 02 c1 c0 00 ${ping}`), 16);
    expect(values).toEqual([
      { type: "ping" },
      expect.any(DecodeError),
      expect.any(DecodeError),
      { type: "ping" },
    ]);
  });

  it("refuse bytes after the value of a message", () => {
    expect(errorOf(bytesOf("02 c0 c0"))).toContain("bytes follow");
  });

  it("end where a length is none, or says more than is there", () => {
    for (const prefix of ["7f", "ff", "8080808080", "8080808080 01", "ffffffff0f"]) {
      const values = msgpackCodec.decode(bytesOf(`${ping} ${prefix}`), 16);
      expect(values).toEqual([{ type: "ping" }, expect.any(DecodeError)]);
    }
  });

  it("take a length with more digits than it needs", () => {
    expect(one(bytesOf(`8b8000 ${body}`))).toEqual({ type: "ping" });
  });

  it("are answered with one error when they are empty or text", () => {
    for (const payload of ["", '{"type":"ping"}', new Uint8Array(0)]) {
      expect(msgpackCodec.decode(payload, 16)).toEqual([expect.any(DecodeError)]);
    }
  });
});

describe("bytes", () => {
  const bytes = new Uint8Array([0, 255, 16]);

  it("travel as a byte string and come back as a copy", () => {
    const frame = msgpackCodec.encode({ type: "publish", channel: "a:b", bytes }) as Uint8Array;
    expect(hexOf(frame).endsWith(`${text("bytes")}c40300ff10`)).toBe(true);
    const read = one(frame) as { readonly bytes: Uint8Array };
    frame.fill(7);
    expect(read.bytes).toEqual(bytes);
    expect(read.bytes.buffer.byteLength).toBe(3);
  });

  it("travel within the publications of a history page", () => {
    const publication = {
      type: "publication",
      channel: "a:b",
      offset: 1,
      id: "a",
      timeMs: 5,
      bytes,
    };
    const page = { type: "history", channel: "a:b", epoch: "e", top: 1, first: 1 } as const;
    const message = { ...page, publications: [{ ...publication, type: "publication" as const }] };
    expect(one(msgpackCodec.encode(message) as Uint8Array)).toEqual(message);
  });
});

describe("encoding", () => {
  it("refuses what I-JSON cannot carry, naming the place", () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    const outside: [unknown, string][] = [
      [{ a: [1, Number.NaN] }, "publish/data/a/1"],
      [2 ** 53, "publish/data"],
      ["\ud800", "publish/data"],
      [`${"x".repeat(100)}\ud800`, "publish/data"],
      [{ "\udc00": 1 }, "publish/data"],
      [{ when: new Date(0) }, "publish/data/when"],
      [new Map(), "publish/data"],
      [{ raw: new Uint8Array(1) }, "publish/data/raw"],
      [[undefined], "publish/data/0"],
      [1n, "publish/data"],
      [() => 1, "publish/data"],
      [cycle, "publish/data/self"],
    ];
    for (const [data, place] of outside) {
      const message: UpMessage = { type: "publish", channel: "a:b", data };
      expect(() => msgpackCodec.encode(message)).toThrow(TypeError);
      expect(() => msgpackCodec.encode(message)).toThrow(place);
    }
  });

  it("leaves undefined members out", () => {
    const message: UpMessage = { type: "publish", channel: "a:b", data: { a: undefined, b: 1 } };
    expect(one(msgpackCodec.encode(message) as Uint8Array)).toEqual({ ...message, data: { b: 1 } });
  });

  it("may be asked to encode while it encodes", () => {
    const inner: UpMessage = { type: "publish", channel: "a:b", data: "y".repeat(5_000) };
    const data = {
      get a() {
        return (msgpackCodec.encode(inner) as Uint8Array).length;
      },
      b: "x",
    };
    const read = one(msgpackCodec.encode({ type: "publish", channel: "a:b", data }) as Uint8Array);
    expect(read).toMatchObject({ data: { b: "x" } });
  });

  it("makes the answer to a request of an answer that was encoded without its number", () => {
    const message = { type: "pong" as const };
    for (const id of [7, 200, 0xffff_ffff]) {
      const frame = msgpackCodec.answering?.(msgpackCodec.encode(message), id) as Uint8Array;
      expect(one(frame)).toEqual({ ...message, id });
    }
  });
});
