import fc from "fast-check";
import { Packr, Unpackr } from "msgpackr";
import { describe, expect, it } from "vitest";
import { data, message, push, upMessage } from "../../test/messages.js";
import type { DownMessage } from "../schemas/down.js";
import type { UpMessage } from "../schemas/up.js";
import { parseUp } from "../up-parser.js";
import { DecodeError } from "./codec.js";
import { jsonCodec } from "./json.js";
import { msgpackCodec } from "./msgpack.js";

const limits = { maxDataDepth: 32 };

const encode = (value: UpMessage | DownMessage, ref?: number): Uint8Array => {
  const payload = msgpackCodec.encode(value, ref);
  if (typeof payload === "string") throw new Error("a binary codec made text");
  return payload;
};

/** Another implementation of MessagePack. */
const packr = new Packr({ useRecords: false, variableMapSize: true });
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: "number" });

/** A message after its length, which is written out here for sizes a test has. */
function framed(body: Uint8Array): Uint8Array {
  const { length } = body;
  const prefix = length < 0x80 ? [length] : [(length & 0x7f) | 0x80, length >> 7];
  if (length < 0x4000) return Uint8Array.from([...prefix, ...body]);
  const [low, middle, high] = [length & 0x7f, (length >> 7) & 0x7f, length >> 14];
  return Uint8Array.from([low | 0x80, middle | 0x80, high, ...body]);
}

/** The body of a frame of one message. */
const bodyOf = (frame: Uint8Array): Uint8Array =>
  frame.slice(frame.findIndex((byte) => byte < 0x80) + 1);

describe("the MessagePack codec, for any message", () => {
  it("gives back what JSON gives back", () => {
    fc.assert(
      fc.property(message, (value) => {
        const read = msgpackCodec.decode(encode(value), 1);
        expect(read).toEqual([value]);
        expect(read).toEqual(jsonCodec.decode(jsonCodec.encode(value), 1));
      }),
      { numRuns: 500 },
    );
  });

  it("gives a push its channel back from the number that was announced", () => {
    fc.assert(
      fc.property(push, fc.integer({ min: 1, max: 0xffff_ffff }), (value, ref) => {
        const client = msgpackCodec.forConnection?.();
        const announcement: DownMessage = {
          type: "subscribed",
          channel: value.channel,
          resumed: false,
          contiguous: true,
        };
        expect(client?.decode(encode(announcement, ref), 1)).toEqual([{ ...announcement, ref }]);
        const bytes = encode(value, ref);
        expect(client?.decode(bytes, 1)).toEqual([value]);
        expect(msgpackCodec.decode(bytes, 1)).not.toMatchObject([{ channel: value.channel }]);
      }),
    );
  });

  it("is read by another implementation as it was written", () => {
    fc.assert(
      fc.property(message, (value) => {
        const read: unknown = unpackr.unpack(bodyOf(encode(value)));
        expect(read).toEqual(value);
      }),
      { numRuns: 500 },
    );
  });

  it("reads what another implementation writes", () => {
    fc.assert(
      fc.property(data, (value) => {
        const command = { type: "publish", channel: "a:b", data: value };
        expect(msgpackCodec.decode(framed(packr.pack(command)), 1)).toEqual([command]);
      }),
      { numRuns: 500 },
    );
  });

  it("gives back a batch in order, up to its bound", () => {
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 8 }),
        (batch, maxMessages) => {
          const frame = Uint8Array.from(batch.flatMap((each) => [...encode(each)]));
          const values = msgpackCodec.decode(frame, maxMessages);
          expect(values.slice(0, maxMessages)).toEqual(batch.slice(0, maxMessages));
          expect(values.length).toBe(Math.min(batch.length, maxMessages + 1));
          expect(values[maxMessages] instanceof DecodeError).toBe(batch.length > maxMessages);
        },
      ),
    );
  });

  it("takes a batch that was cut anywhere as its whole messages and at most one error", () => {
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 4 }), fc.nat(), (batch, at) => {
        const parts = batch.map((each) => encode(each));
        const frame = Uint8Array.from(parts.flatMap((part) => [...part]));
        const cut = frame.subarray(0, at % frame.length);
        const sizeOf = (count: number) =>
          parts.slice(0, count).reduce((sum, part) => sum + part.length, 0);
        const whole = parts.filter((_, index) => sizeOf(index + 1) <= cut.length).length;
        const values = msgpackCodec.decode(cut, 16);
        expect(values.slice(0, whole)).toEqual(batch.slice(0, whole));
        expect(values.length - whole).toBeLessThanOrEqual(1);
        for (const rest of values.slice(whole)) expect(rest).toBeInstanceOf(DecodeError);
      }),
    );
  });

  it("accepts every command that keeps the rules", () => {
    fc.assert(
      fc.property(upMessage, (value) => {
        expect(parseUp(msgpackCodec.decode(encode(value), 1)[0], limits)).toEqual({
          ok: true,
          message: value,
        });
      }),
    );
  });

  it("answers any frame without throwing, and never with more than JSON has and bytes", () => {
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      // Damaged ones get further in than noise does.
      fc.tuple(message, fc.nat(), fc.nat(255)).map(([value, at, byte]) => {
        const frame = encode(value);
        frame[at % frame.length] = byte;
        return frame;
      }),
    );
    fc.assert(
      fc.property(hostile, (frame) => {
        const values = msgpackCodec.decode(frame, 4);
        expect(values.length >= 1 && values.length <= 5).toBe(true);
        for (const value of values) {
          parseUp(value, limits);
          if (!(value instanceof DecodeError)) expect(onlyPlain(value)).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

/** true for what JSON has, and byte strings. */
function onlyPlain(value: unknown): boolean {
  if (typeof value !== "object") return typeof value !== "bigint" && value !== undefined;
  if (value === null) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Uint8Array.prototype) return true;
  if (prototype !== Object.prototype && prototype !== Array.prototype) return false;
  return Object.values(value).every(onlyPlain);
}
