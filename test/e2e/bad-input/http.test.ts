import { expect, it } from "vitest";
import { API_KEY, endAfterEach, serve } from "../kit/gateway.js";

// Bad input at the door of POST /api/publish, and of publish() in the gateway's own process.

endAfterEach();

const deep = JSON.parse(`${"[".repeat(40)}${"]".repeat(40)}`);

/** Name, what is said, code, field, and a word of what was expected. */
const wrong: readonly [string, object, string, string, string][] = [
  ["no channel", { channel: undefined }, "invalid_field", "/channel", "a channel name"],
  ["a channel that is a number", { channel: 5 }, "invalid_field", "/channel", "a channel name"],
  [
    "a channel out of grammar",
    { channel: "Chat" },
    "invalid_channel",
    "/channel",
    "such as chat:lobby",
  ],
  [
    "a channel of no rule",
    { channel: "other:a" },
    "unknown_channel",
    "/channel",
    "No channel rule",
  ],
  ["neither data nor bytes", { data: undefined }, "invalid_field", "/data", "exactly one of"],
  ["data and bytes", { bytes: "" }, "invalid_field", "/data", "exactly one of"],
  [
    "bytes that are no base64",
    { data: undefined, bytes: "%" },
    "invalid_field",
    "/bytes",
    "base64",
  ],
  ["data that is too deep", { data: deep }, "invalid_field", "/data", "levels deep"],
  ["a lone surrogate", { data: "\ud800" }, "invalid_field", "/data", "lone surrogates"],
  ["a key that is a number", { key: 1 }, "invalid_field", "/key", "a string"],
  ["an empty key", { key: "" }, "invalid_field", "/key", "1 to 128 characters"],
  ["a key too long", { key: "k".repeat(129) }, "invalid_field", "/key", "1 to 128 characters"],
  ["a user that is a number", { user: 1 }, "invalid_field", "/user", "a string"],
  ["an empty user", { user: "" }, "invalid_field", "/user", "1 to 256 characters"],
  ["a user too long", { user: "u".repeat(257) }, "invalid_field", "/user", "1 to 256 characters"],
  [
    "ephemeral that is a text",
    { ephemeral: "yes" },
    "invalid_field",
    "/ephemeral",
    "true or false",
  ],
  ["expectedOffset below 0", { expectedOffset: -1 }, "invalid_field", "/expectedOffset", "from 0"],
  [
    "expectedOffset that is a text",
    { expectedOffset: "1" },
    "invalid_field",
    "/expectedOffset",
    "whole number",
  ],
  ["tags that are no list", { tags: "x" }, "invalid_field", "/tags", "array of strings"],
  ["too many tags", { tags: Array(17).fill("x") }, "invalid_field", "/tags", "at most 16"],
  ["an empty tag", { tags: [""] }, "invalid_field", "/tags/0", "1 to 64 characters"],
  ["meta that is no map", { meta: [] }, "invalid_field", "/meta", "object of strings"],
  ["meta with a number", { meta: { a: 1 } }, "invalid_field", "/meta", "object of strings"],
  ["meta that is too large", { meta: { a: "x".repeat(1024) } }, "too_large", "/meta", "1024 bytes"],
];

it.each(wrong)(
  "HTTP: %s gets its code, its field and what was expected",
  async (_name, more, code, field, expected) => {
    const { url, gateway } = await serve();
    const response = await fetch(`${url}/api/publish`, {
      method: "POST",
      headers: { authorization: `Bearer ${API_KEY}`, "content-type": "application/json" },
      body: JSON.stringify({ channel: "chat:a", data: 1, ...more }),
    });
    const problem = await response.json();
    expect([response.status, response.headers.get("content-type")]).toEqual([
      { too_large: 413, unknown_channel: 404 }[code] ?? 400,
      "application/problem+json",
    ]);
    expect(problem).toMatchObject({
      code,
      retryable: false,
      detail: expect.stringContaining(expected),
    });
    expect(String((problem as { field?: string }).field)).toMatch(new RegExp(`^${field}(/|$)`));
    expect(await gateway.publish("chat:a", 1)).toMatchObject({ offset: 1 });
  },
);

it.each(["", "{", "[]", "null", '"text"', "{}x", '{"channel":"chat:a","data":1e999}'])(
  "HTTP: the body %j is refused as no message, or for the field it spoils",
  async (body) => {
    const { url, gateway } = await serve();
    const headers = { authorization: `Bearer ${API_KEY}` };
    const response = await fetch(`${url}/api/publish`, { method: "POST", headers, body });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      code: expect.stringMatching(/^(bad_message|invalid_field)$/),
      detail: expect.stringMatching(/JSON object|finite number/),
    });
    expect(await gateway.publish("chat:a", 1)).toMatchObject({ offset: 1 });
  },
);

it("HTTP: a body that is no UTF-8 is refused", async () => {
  const { url } = await serve();
  const body = Buffer.concat([
    Buffer.from('{"channel":"chat:a","data":"'),
    Buffer.of(0xc3, 0x28),
    Buffer.from('"}'),
  ]);
  const headers = { authorization: `Bearer ${API_KEY}` };
  const response = await fetch(`${url}/api/publish`, { method: "POST", headers, body });
  expect(await response.json()).toMatchObject({
    status: 400,
    code: "bad_message",
    detail: expect.stringContaining("UTF-8"),
  });
});

it("the process's own publish gets the same answers, as values", async () => {
  const { gateway } = await serve();
  const outcomes = [
    await gateway.publish("Chat", 1),
    await gateway.publish("other:a", 1),
    await gateway.publish("chat:a", undefined),
    await gateway.publish("chat:a", Number.NaN),
    await gateway.publish("chat:a", 1, { key: "" }),
    await gateway.publish("chat:a", 1, { user: "" }),
    await gateway.publish("chat:a", 1, { expectedOffset: -1 }),
    await gateway.publish("chat:a", 1, { meta: { a: "x".repeat(1024) } }),
  ];
  expect(outcomes.map((each) => (each.ok ? "ok" : [each.code, each.field]))).toEqual([
    ["invalid_channel", "/channel"],
    ["unknown_channel", "/channel"],
    ["invalid_field", "/data"],
    ["invalid_field", "/data"],
    ["invalid_field", "/key"],
    ["invalid_field", "/user"],
    ["invalid_field", "/expectedOffset"],
    ["too_large", "/meta"],
  ]);
  expect(await gateway.publish("chat:a", 1)).toMatchObject({ offset: 1 });
});
