import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { message, upMessage } from "../../test/messages.js";
import { errorCodes } from "../errors.js";
import type { DownMessage } from "../schemas/down.js";
import type { UpMessage } from "../schemas/up.js";
import { parseUp } from "../up-parser.js";
import { DecodeError } from "./codec.js";
import { jsonCodec } from "./json.js";

const limits = { maxDataDepth: 32 };

const encode = (value: UpMessage | DownMessage): string => String(jsonCodec.encode(value));

describe("the JSON codec, for any message", () => {
  it("gives back what it was given", () => {
    fc.assert(
      fc.property(message, (value) => {
        expect(jsonCodec.decode(encode(value), 1)).toEqual([value]);
      }),
    );
  });

  it("makes one JSON text of one line, which plain clients parse as it is", () => {
    fc.assert(
      fc.property(message, (value) => {
        const frame = encode(value);
        expect(frame).not.toMatch(/[\n\r]/);
        expect(JSON.parse(frame)).toMatchObject({ type: value.type });
      }),
    );
  });

  it("gives back a batch in order, up to its bound", () => {
    fc.assert(
      fc.property(
        fc.array(message, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 8 }),
        (batch, maxMessages) => {
          const values = jsonCodec.decode(batch.map(encode).join("\n"), maxMessages);
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
        const lines = batch.map(encode);
        const frame = lines.join("\n");
        const cut = frame.slice(0, at % frame.length);
        const whole = lines.filter(
          (_, index) => lines.slice(0, index + 1).join("\n").length <= cut.length,
        );
        const values = jsonCodec.decode(cut, 16);
        expect(values.slice(0, whole.length)).toEqual(batch.slice(0, whole.length));
        expect(values.length - whole.length).toBeLessThanOrEqual(1);
        for (const rest of values.slice(whole.length)) expect(rest).toBeInstanceOf(DecodeError);
      }),
    );
  });
});

describe("parsing, for any input", () => {
  it("accepts every command that keeps the rules", () => {
    fc.assert(
      fc.property(upMessage, (value) => {
        expect(parseUp(jsonCodec.decode(encode(value), 1)[0], limits)).toEqual({
          ok: true,
          message: value,
        });
      }),
    );
  });

  it("answers anything else with a registered code in a reply that can be sent", () => {
    const nearly = fc.oneof(
      fc.anything({ withBigInt: true, withDate: true, withMap: true, withTypedArray: true }),
      fc
        .record({ type: fc.constantFrom("publish", "call", "subscribe", "toString") })
        .chain((base) =>
          fc
            .dictionary(
              fc.constantFrom("channel", "data", "bytes", "meta", "id", "position", "tags", "key"),
              fc.anything(),
            )
            .map((fields) => ({ ...fields, ...base })),
        ),
    );
    fc.assert(
      fc.property(nearly, (value) => {
        const parsed = parseUp(value, limits);
        if (parsed.ok) return;
        const { ok: _, ...rest } = parsed;
        expect(errorCodes).toHaveProperty(parsed.code);
        expect(encode({ type: "error", retryable: false, ...rest }).length).toBeLessThan(2000);
      }),
      { numRuns: 500 },
    );
  });

  it("answers any text frame without throwing", () => {
    const frame = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.json(),
      fc.string({ unit: "binary-ascii" }),
    );
    fc.assert(
      fc.property(frame, (content) => {
        const values = jsonCodec.decode(content, 4);
        expect(values.length >= 1 && values.length <= 5).toBe(true);
        for (const value of values) parseUp(value, limits);
      }),
    );
  });
});
