import { describe, expect, it } from "vitest";
import { isChannelName } from "./channel-name.js";
import { jsonCodec } from "./codec/json.js";
import { parseUp } from "./up-parser.js";

const limits = { maxDataDepth: 4 };

/** Through the codec, as a frame arrives. */
const parse = (frame: string) => parseUp(jsonCodec.decode(frame, 1)[0], limits);

const command = (fields: object) => parseUp(fields, limits);
const publish = (fields: object) => command({ type: "publish", channel: "chat:a", ...fields });

describe("parsing a command", () => {
  it("accepts every command with its smallest and its largest form", () => {
    const channel = "chat:a";
    const position = { epoch: "e", offset: 3, id: "w", future: [1] };
    const commands = [
      { type: "connect" },
      { type: "connect", id: 1, token: "t", session: "s".repeat(16), features: ["x"] },
      { type: "refresh", token: "t" },
      { type: "subscribe", channel },
      { type: "subscribe", id: 0xffff_ffff, channel, position, last: 0 },
      { type: "unsubscribe", channel },
      { type: "publish", channel, data: null },
      {
        type: "publish",
        channel,
        data: { a: [{ b: [] }] },
        key: "k",
        tags: ["t"],
        meta: { a: "b" },
      },
      { type: "publish", channel, bytes: new Uint8Array(1), session: { id: "s", seq: 1 } },
      { type: "publish", channel, data: 1, ephemeral: true, expectedOffset: 0 },
      { type: "history", channel, after: 0, limit: 1000 },
      { type: "presence", channel, watch: false },
      { type: "presence_enter", channel, data: { name: "é" } },
      { type: "presence_leave", channel },
      { type: "call", id: 1, method: "chat.rename" },
      { type: "cancel", call: 1 },
      { type: "ping" },
      { type: "pong" },
    ];
    for (const value of commands) expect(command(value)).toEqual({ ok: true, message: value });
  });

  it("names an over-long array itself, whatever is in it", () => {
    for (const tags of [new Array(17).fill("t"), new Array(10_000).fill(5)]) {
      expect(publish({ data: 1, tags })).toMatchObject({
        field: "/tags",
        message: "/tags must be an array of at most 16, each text of 1 to 64 characters",
      });
    }
  });

  it("ignores unknown fields", () => {
    expect(command({ type: "ping", later: { deep: [[[[[[]]]]]] } }).ok).toBe(true);
  });

  it("calls what is not an object a bad message", () => {
    for (const frame of ["{", "1", "null", "[]", '"ping"', ""]) {
      expect(parse(frame)).toMatchObject({ ok: false, code: "bad_message" });
    }
  });

  it("names unknown types and keeps the request's id and channel", () => {
    expect(parse('{"type":"subscibe","id":7,"channel":"chat:a"}')).toEqual({
      ok: false,
      id: 7,
      channel: "chat:a",
      code: "unknown_type",
      field: "/type",
      message: expect.stringContaining("subscribe"),
    });
    expect(parse('{"type":"toString"}')).toMatchObject({ code: "unknown_type" });
    expect(parse('{"type":5}')).toMatchObject({ code: "invalid_field", field: "/type" });
    expect(parse("{}")).toMatchObject({ code: "invalid_field", field: "/type" });
  });

  it("names the field and what was expected", () => {
    expect(command({ type: "subscribe", channel: "chat:a", position: { epoch: "e" } })).toEqual({
      ok: false,
      channel: "chat:a",
      code: "invalid_field",
      field: "/position/offset",
      message: "/position/offset is required: an integer from 0 to 2^53-1",
    });
    expect(command({ type: "ping", id: 0 })).toEqual({
      ok: false,
      code: "invalid_field",
      field: "/id",
      message: "/id must be an integer from 1 to 4294967295",
    });
    expect(publish({ data: 1, tags: ["ok", 5] })).toMatchObject({
      field: "/tags/1",
      message: "/tags/1 must be text of 1 to 64 characters",
    });
    expect(command({ type: "subscribe" })).toMatchObject({
      code: "invalid_field",
      message: "/channel is required: a channel name such as chat:lobby",
    });
  });

  it("refuses channel names out of grammar with a code of their own", () => {
    for (const channel of [
      "lobby",
      "Chat:a",
      "chat:",
      "$sys:a",
      "chat:ü",
      "chat:a b",
      "chat:a\n",
    ]) {
      expect(isChannelName(channel)).toBe(false);
      expect(command({ type: "subscribe", id: 2, channel })).toMatchObject({
        ok: false,
        id: 2,
        channel,
        code: "invalid_channel",
        field: "/channel",
      });
    }
    expect(isChannelName(`${"n".repeat(32)}:${"x".repeat(200)}`)).toBe(true);
    expect(isChannelName(`${"n".repeat(33)}:x`)).toBe(false);
    expect(isChannelName(`n:${"x".repeat(201)}`)).toBe(false);
    expect(command({ type: "subscribe", channel: 5 })).toMatchObject({ code: "invalid_field" });
  });

  it("does not repeat endless or ill-formed names to the client", () => {
    const long = command({ type: "subscribe", channel: "x".repeat(10_000) });
    expect(long).toMatchObject({ code: "invalid_channel" });
    expect(JSON.stringify(long).length).toBeLessThan(300);
    expect(command({ type: "subscribe", channel: "\ud800" })).not.toHaveProperty("channel");
    const key = "k".repeat(10_000);
    expect(publish({ data: { [key]: Number.NaN } })).toMatchObject({ field: "/data" });
  });

  it("takes exactly one of data and bytes", () => {
    const bytes = new Uint8Array(1);
    expect(publish({})).toMatchObject({ code: "invalid_field", field: "/data" });
    expect(publish({ data: 1, bytes })).toMatchObject({ code: "invalid_field", field: "/bytes" });
    const both = { type: "call", id: 1, method: "m", data: 1, bytes };
    expect(command(both)).toMatchObject({ id: 1, field: "/bytes" });
  });

  it("refuses bytes that are not base64", () => {
    for (const bytes of ['"A"', '"%%%%"', "5", "null", "{}"]) {
      expect(parse(`{"type":"publish","channel":"chat:a","bytes":${bytes}}`)).toMatchObject({
        code: "invalid_field",
        field: "/bytes",
      });
    }
    expect(parse('{"type":"publish","channel":"chat:a","bytes":""}').ok).toBe(true);
  });

  it("refuses members that reach for a prototype, at any depth", () => {
    for (const name of ["__proto__", "constructor", "prototype"]) {
      const data = `{"a":[{"${name}":{"polluted":1}}]}`;
      expect(parse(`{"type":"publish","channel":"chat:a","data":${data}}`)).toMatchObject({
        code: "invalid_field",
        field: "/data/a/0",
        message: expect.stringContaining(name),
      });
      expect(parse(`{"type":"presence_enter","channel":"chat:a","data":${data}}`).ok).toBe(false);
      const meta = `{"${name}":"x"}`;
      expect(parse(`{"type":"publish","channel":"chat:a","data":1,"meta":${meta}}`)).toMatchObject({
        field: "/meta",
      });
    }
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it("refuses data nested deeper than the limit", () => {
    expect(publish({ data: [[[["as deep as permitted"]]]] }).ok).toBe(true);
    expect(publish({ data: [[[[[]]]]] })).toMatchObject({ field: "/data/0/0/0/0" });
    const bomb = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;
    expect(parse(`{"type":"publish","channel":"chat:a","data":${bomb}}`).ok).toBe(false);
  });

  it("refuses numbers that I-JSON does not carry exactly", () => {
    for (const number of ["1e400", "-1e400", "9007199254740992", "12345678901234567890", "1e300"]) {
      expect(parse(`{"type":"publish","channel":"chat:a","data":{"n":${number}}}`)).toMatchObject({
        code: "invalid_field",
        field: "/data/n",
      });
    }
    for (const number of ["9007199254740991", "-9007199254740991", "0.1", "5e-324"]) {
      expect(parse(`{"type":"publish","channel":"chat:a","data":${number}}`).ok).toBe(true);
    }
    expect(parse('{"type":"history","channel":"a:b","after":9007199254740993}').ok).toBe(false);
  });

  it("refuses lone surrogates wherever text is free", () => {
    const lone = "\\ud83d";
    for (const [field, value] of [
      ["/data", `"${lone}"`],
      ["/key", `"${lone}"`],
      ["/tags/0", `["${lone}"]`],
      ["/meta/a", `{"a":"${lone}"}`],
      ["/meta", `{"${lone}":"a"}`],
    ] as const) {
      const name = field.split("/")[1];
      const rest = name === "data" ? "" : ',"data":1';
      expect(
        parse(`{"type":"publish","channel":"chat:a","${name}":${value}${rest}}`),
      ).toMatchObject({ code: "invalid_field", field });
    }
    expect(parse(`{"type":"refresh","token":"${lone}"}`)).toMatchObject({ field: "/token" });
    expect(publish({ data: "👋" }).ok).toBe(true);
  });

  it("bounds meta in members and in UTF-8 bytes", () => {
    expect(publish({ data: 1, meta: { a: "x".repeat(1023) } }).ok).toBe(true);
    expect(publish({ data: 1, meta: { a: "x".repeat(1024) } })).toMatchObject({
      code: "too_large",
      field: "/meta",
    });
    expect(publish({ data: 1, meta: { a: "€".repeat(341) } }).ok).toBe(true);
    expect(publish({ data: 1, meta: { a: "€".repeat(342) } })).toMatchObject({ code: "too_large" });
    expect(publish({ data: 1, meta: { abcd: "👋".repeat(255) } }).ok).toBe(true);
    expect(publish({ data: 1, meta: { abcd: "👋".repeat(256) } }).ok).toBe(false);
    const many = Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, ""]));
    expect(publish({ data: 1, meta: many })).toMatchObject({ code: "too_large" });
    for (const meta of [
      [],
      "x",
      null,
      { a: 1 },
      { "a\nb": 1 },
      { "": "x" },
      { [`${"k".repeat(65)}`]: "" },
    ]) {
      expect(publish({ data: 1, meta })).toMatchObject({ code: "invalid_field" });
    }
  });
});
