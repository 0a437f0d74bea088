import { call } from "@holdfast/gateway";
import { describeSchema, type SchemaNode, upSchemas } from "@holdfast/protocol/schemas";
import { describe, expect, it } from "vitest";
import { endAfterEach, open, serve } from "../kit/gateway.js";
import { JsonClient } from "../kit/json-client.js";

// Bad input at the door of the WebSocket: each field of each command, made wrong from its schema.
// A clear error with a code, the field and what was expected; the connection lives; nothing is stored.

endAfterEach();

const anything = {
  "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) },
} as const;

/** A command of each type that is right. */
const right: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  connect: {},
  refresh: { token: "t" },
  subscribe: { channel: "chat:a" },
  unsubscribe: { channel: "chat:a" },
  publish: { channel: "chat:a", data: 1 },
  history: { channel: "chat:a" },
  presence: { channel: "chat:a" },
  presence_enter: { channel: "chat:a" },
  presence_leave: { channel: "chat:a" },
  call: { id: 1, method: "echo" },
  cancel: { call: 1 },
  ping: {},
  pong: {},
};

/** Values that a field does not permit, each with a word for it. */
function wrongFor(node: SchemaNode): readonly (readonly [string, unknown])[] {
  switch (node.type) {
    case "integer":
      return [
        ["a text", "1"],
        ["a fraction", 1.5],
        ["too small", (node.minimum ?? 0) - 1],
        ...(node.maximum === Number.MAX_SAFE_INTEGER
          ? []
          : ([["too large", (node.maximum ?? 0) + 1]] as const)),
        ["null", null],
      ];
    case "boolean":
      return [
        ["a text", "true"],
        ["a number", 1],
      ];
    case "array":
      return [
        ["an object", {}],
        ["a wrong item", [7]],
        ["too many items", Array.from({ length: (node.maxItems ?? 0) + 1 }, () => "x")],
      ];
    case "object":
      return [
        ["a number", 5],
        ["an array", []],
        ["a text", "x"],
      ];
    case "string":
      return [
        ["a number", 7],
        ["an array", ["x"]],
        ...(node.contentEncoding === "base64" ? ([["no base64", "%%%%"]] as const) : []),
        ...(node.maxLength === undefined
          ? []
          : ([["too long", "x".repeat(node.maxLength + 1)]] as const)),
        ...(node.pattern === undefined ? [] : ([["out of grammar", "two words"]] as const)),
      ];
    default:
      // Any JSON value will do.
      return [];
  }
}

interface Case {
  readonly type: string;
  readonly field: string;
  readonly what: string;
  readonly command: object;
  readonly expected: string;
}

const cases: readonly Case[] = Object.entries(upSchemas).flatMap(([type, schema]) => {
  const { properties = {}, required = [] } = schema as SchemaNode;
  return Object.entries(properties).flatMap(([field, node]): Case[] => {
    if (field === "type") return [];
    const { [field]: _, ...without } = { ...right[type] };
    const made = wrongFor(node).map(([what, value]) => {
      // Beside `bytes` there is no `data`, or that would be the fault.
      const base = field === "bytes" ? { ...right[type], data: undefined } : right[type];
      return { type, field, what, command: { type, ...base, [field]: value } };
    });
    const missing = { type, field, what: "left out", command: { type, ...without } };
    const isRequired = required.includes(field);
    const expected = field === "meta" ? "" : describeSchema(node);
    return [...made, ...(isRequired ? [missing] : [])].map((each) => ({ ...each, expected }));
  });
});

async function client() {
  const { webSocketUrl, gateway } = await serve({
    settings: { maxBadMessages: 10_000, messagesPerSecond: 10_000 },
    calls: { echo: call(anything, (input) => input) },
    anonymous: { ...open.anonymous, echo: ["call"] },
  });
  return { client: await JsonClient.open(webSocketUrl), gateway };
}

describe.each(Object.keys(upSchemas))("%s", (type) => {
  const own = cases.filter((each) => each.type === type);
  it("answers each wrong field with its name and what was expected, and goes on", async () => {
    expect(right).toHaveProperty(type);
    if (type !== "pong") expect(own.length).toBeGreaterThan(0);
    const { client: peer, gateway } = await client();
    for (const { field, what, command, expected } of own) {
      const place = `${type}.${field}: ${what}`;
      const error = await peer.ask(command, "error");
      expect(error.field, place).toMatch(new RegExp(`^/${field}(/|$)`));
      expect(["invalid_field", "invalid_channel", "too_large"], place).toContain(error.code);
      expect(error.retryable, place).toBe(false);
      // A wrong member of an object or a list is named with what is expected there.
      if (error.field === `/${field}`) expect(error.message, place).toContain(expected);
      const { id } = command as { id?: unknown };
      if (field !== "id" && id !== undefined) expect(error.id, place).toBe(id);
      if (field === "id") expect(error, place).not.toHaveProperty("id");
    }
    await peer.ask({ type: "ping" }, "pong");
    expect(peer.ofType("error")).toHaveLength(own.length);
    expect(await gateway.publish("chat:a", "the first")).toMatchObject({ offset: 1 });
  });
});

it.each([
  [
    "an epoch out of grammar",
    { position: { epoch: "a b", offset: 0 } },
    "/position/epoch",
    "text of the form",
  ],
  ["no epoch", { position: { offset: 0 } }, "/position/epoch", "is required"],
  [
    "an offset that is a text",
    { position: { epoch: "e", offset: "1" } },
    "/position/offset",
    "an integer from 0",
  ],
  [
    "a witness out of grammar",
    { position: { epoch: "e", offset: 1, id: "" } },
    "/position/id",
    "text of the form",
  ],
])(
  "subscribe names the member of position that is wrong: %s",
  async (_name, more, field, expected) => {
    const { client: peer } = await client();
    const error = await peer.ask({ type: "subscribe", id: 4, channel: "chat:a", ...more }, "error");
    expect(error).toMatchObject({ id: 4, channel: "chat:a", code: "invalid_field", field });
    expect(error.message).toContain(expected);
  },
);

it.each([
  ["no seq", { session: { id: "s" } }, "/session/seq", "is required"],
  ["a seq of 0", { session: { id: "s", seq: 0 } }, "/session/seq", "an integer from 1"],
  ["an id with a blank", { session: { id: "a b", seq: 1 } }, "/session/id", "text of the form"],
  ["an empty tag", { tags: ["ok", ""] }, "/tags/1", "text of 1 to 64 characters"],
  ["a tag with a lone surrogate", { tags: ["\ud800"] }, "/tags/0", "without lone surrogates"],
  [
    "deep data",
    { data: JSON.parse(`${"[".repeat(40)}${"]".repeat(40)}`) },
    "/data/0/0",
    "levels deep",
  ],
])("publish names the place that is wrong: %s", async (_name, more, field, expected) => {
  const { client: peer, gateway } = await client();
  const error = await peer.ask(
    { type: "publish", id: 4, channel: "chat:a", data: 1, ...more },
    "error",
  );
  expect(error).toMatchObject({ id: 4, channel: "chat:a", code: "invalid_field" });
  expect(String(error.field).startsWith(field)).toBe(true);
  expect(error.message).toContain(expected);
  expect(await gateway.publish("chat:a", 1)).toMatchObject({ offset: 1 });
});

it("a channel's schema names the place in data that it refuses, and a call's schema does", async () => {
  const refusing = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: () => ({ issues: [{ message: "expected a text", path: ["text"] }] }),
    },
  } as const;
  const { webSocketUrl } = await serve({
    channels: { "chat:*": { schema: refusing } },
    calls: { echo: call(refusing, () => 1) },
    anonymous: { ...open.anonymous, echo: ["call"] },
  });
  const peer = await JsonClient.open(webSocketUrl);
  for (const command of [
    { type: "publish", id: 1, channel: "chat:a", data: { text: 1 } },
    { type: "call", id: 2, method: "echo", data: { text: 1 } },
  ]) {
    expect(await peer.ask(command, "error")).toMatchObject({
      id: command.id,
      code: "invalid_data",
      field: "/data/text",
      message: expect.stringContaining("expected a text"),
    });
  }
});
