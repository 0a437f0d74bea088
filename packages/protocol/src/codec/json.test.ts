import { describe, expect, it } from "vitest";
import { DecodeError } from "./codec.js";
import { jsonCodec } from "./json.js";

const one = (frame: string): unknown => {
  const values = jsonCodec.decode(frame, 16);
  expect(values).toHaveLength(1);
  return values[0];
};

describe("the JSON codec", () => {
  it("carries bytes as base64 and gives them back as bytes", () => {
    const frame = jsonCodec.encode({
      type: "publish",
      channel: "chat:lobby",
      bytes: new Uint8Array([0, 255, 16]),
    });
    expect(frame).toBe('{"type":"publish","channel":"chat:lobby","bytes":"AP8Q"}');
    expect(one(String(frame))).toEqual({
      type: "publish",
      channel: "chat:lobby",
      bytes: new Uint8Array([0, 255, 16]),
    });
  });

  it("makes the answer to a request of an answer that was encoded without its number", () => {
    const message = { type: "pong" as const };
    const frame = String(jsonCodec.answering?.(jsonCodec.encode(message), 7));
    expect(one(frame)).toEqual({ ...message, id: 7 });
  });

  it("carries the bytes of publications within a history page", () => {
    const page = {
      type: "history",
      channel: "chat:lobby",
      epoch: "e1",
      top: 1,
      first: 1,
      publications: [
        {
          type: "publication",
          channel: "chat:lobby",
          offset: 1,
          id: "a",
          timeMs: 5,
          bytes: new Uint8Array([1]),
        },
      ],
    } as const;
    const frame = jsonCodec.encode({ ...page, publications: [...page.publications] });
    expect(frame).toContain('"bytes":"AQ=="');
    expect(one(String(frame))).toEqual(page);
  });

  it("leaves a field named bytes of other messages and of data alone", () => {
    const message = { type: "publish", channel: "a:b", data: { bytes: "AQ==" } };
    expect(one(JSON.stringify(message))).toEqual(message);
    expect(one('{"type":"ping","bytes":"AQ=="}')).toEqual({ type: "ping", bytes: "AQ==" });
  });

  it("leaves text that is not base64 for the validation to name", () => {
    for (const bytes of ["A", "AQ", "AQ=", "A===", "A Q=", "AQ==\n", "A-_=", "AR=="]) {
      const message = { type: "call", id: 1, method: "m", bytes };
      expect(one(JSON.stringify(message))).toEqual(message);
    }
  });

  it("reads one message a line, and a malformed one as an error in its place", () => {
    const values = jsonCodec.decode('{"type":"ping"}\n{"type":\n\r\n{"type":"pong"}\r\n', 16);
    expect(values).toHaveLength(3);
    expect(values[0]).toEqual({ type: "ping" });
    expect(values[1]).toBeInstanceOf(DecodeError);
    expect(values[2]).toEqual({ type: "pong" });
  });

  it("reads a frame that is one JSON text over several lines as one message", () => {
    expect(one('{\n  "type": "ping"\n}\n')).toEqual({ type: "ping" });
  });

  it("stops at the bound of a batch with an error in the place of the rest", () => {
    const values = jsonCodec.decode("1\n2\n3\n4", 2);
    expect(values.slice(0, 2)).toEqual([1, 2]);
    expect(values).toHaveLength(3);
    expect(values[2]).toBeInstanceOf(DecodeError);
  });

  it("answers an empty frame and a binary frame with one error", () => {
    for (const payload of ["", " \n\n", new Uint8Array([123, 125])]) {
      const values = jsonCodec.decode(payload, 16);
      expect(values).toHaveLength(1);
      expect(values[0]).toBeInstanceOf(DecodeError);
    }
  });

  it("refuses to encode what I-JSON cannot carry, naming the place", () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    const outside: [unknown, string][] = [
      [{ a: [1, Number.NaN] }, "publish/data/a/1"],
      [2 ** 53, "publish/data"],
      ["\ud800", "publish/data"],
      [{ "\udc00": 1 }, "publish/data"],
      [{ when: new Date(0) }, "publish/data/when"],
      [new Map(), "publish/data"],
      [[undefined], "publish/data/0"],
      [1n, "publish/data"],
      [() => 1, "publish/data"],
      [cycle, "publish/data/self"],
    ];
    for (const [data, place] of outside) {
      expect(() => jsonCodec.encode({ type: "publish", channel: "a:b", data })).toThrow(TypeError);
      expect(() => jsonCodec.encode({ type: "publish", channel: "a:b", data })).toThrow(place);
    }
  });

  it("leaves undefined members out", () => {
    const data = { a: undefined, b: 1 };
    expect(jsonCodec.encode({ type: "publish", channel: "a:b", data })).toBe(
      '{"type":"publish","channel":"a:b","data":{"b":1}}',
    );
  });
});
