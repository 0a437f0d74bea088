import { describe, expect, it } from "vitest";
import { parsePublish } from "./http-publish.js";

const parse = (value: unknown) => parsePublish(Buffer.from(JSON.stringify(value)));

describe("the body of a publish", () => {
  it("carries data with its options", () => {
    const options = {
      key: "k",
      user: "ada",
      ephemeral: false,
      expectedOffset: 3,
      tags: ["a"],
      meta: { traceparent: "00-1" },
    };
    expect(parse({ channel: "chat:a", data: null, ...options, ignored: 1 })).toEqual({
      ok: true,
      channel: "chat:a",
      payload: { data: null },
      options,
    });
  });

  it("carries bytes as base64", () => {
    expect(parse({ channel: "chat:a", bytes: "AQI=" })).toMatchObject({
      payload: { bytes: Buffer.of(1, 2) },
    });
  });

  it.each([
    ["/channel", { data: 1 }],
    ["/data", { channel: "chat:a" }],
    ["/data", { channel: "chat:a", data: 1, bytes: "AQI=" }],
    ["/bytes", { channel: "chat:a", bytes: "AQI" }],
    ["/bytes", { channel: "chat:a", bytes: "not base64" }],
    ["/bytes", { channel: "chat:a", bytes: 7 }],
    ["/key", { channel: "chat:a", data: 1, key: 1 }],
    ["/ephemeral", { channel: "chat:a", data: 1, ephemeral: "yes" }],
    ["/expectedOffset", { channel: "chat:a", data: 1, expectedOffset: 1.5 }],
    ["/tags", { channel: "chat:a", data: 1, tags: [1] }],
    ["/meta", { channel: "chat:a", data: 1, meta: { a: 1 } }],
    ["/meta", { channel: "chat:a", data: 1, meta: null }],
  ])("names the field %s at fault in %j", (field, body) => {
    expect(parse(body)).toMatchObject({ ok: false, code: "invalid_field", field });
  });

  it.each([["[]"], ["1"], ["null"], ["{"], ["\xff"]])("is an object in JSON, not %s", (text) => {
    expect(parsePublish(Buffer.from(text, "latin1"))).toMatchObject({ code: "bad_message" });
  });
});
