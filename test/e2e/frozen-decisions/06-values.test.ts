import { expect, it } from "vitest";
import { API_KEY, endAfterEach, open, serve } from "../kit/gateway.js";
import { JsonClient, type Message } from "../kit/json-client.js";

// Frozen decision 6: offset is an integer 0…2⁵³−1; epoch is [A-Za-z0-9_-]{1,32}. Exactly one of
// data (I-JSON) or bytes (opaque, base64 in JSON, never decoded by the gateway). The server stamps
// time and, where the channel rule allows, user. meta: string map, ≤ 1 KiB.

endAfterEach();

async function connected(overrides: Parameters<typeof serve>[0] = {}) {
  const served = await serve(overrides);
  const client = await JsonClient.open(served.webSocketUrl);
  return { ...served, client };
}

const subscribe = { type: "subscribe", channel: "chat:a" };
const publish = (more: object) => ({ type: "publish", channel: "chat:a", ...more });

it("6: offsets are 1, 2, 3 … and an epoch is of its grammar, in every message that has one", async () => {
  const { client } = await connected();
  const { position } = await client.ask(subscribe, "subscribed");
  expect(position).toMatchObject({ offset: 0 });
  const grammar = /^[A-Za-z0-9_-]{1,32}$/;
  expect((position as { epoch: string }).epoch).toMatch(grammar);
  for (const offset of [1, 2, 3]) {
    client.send(publish({ data: offset }));
    await client.until(() => client.ofType("published").length === offset);
    await client.until(() => client.ofType("publication").length === offset);
    const epoch = expect.stringMatching(grammar);
    expect(client.ofType("published").at(-1)).toMatchObject({ offset, epoch });
    expect(client.ofType("publication").at(-1)).toMatchObject({ offset, data: offset });
  }
});

it.each(["-1", "1.5", "9007199254740992", '"1"', "null"])(
  "6: an offset of %s is refused",
  async (offset) => {
    const { client } = await connected();
    client.send(
      `{"type":"subscribe","channel":"chat:a","position":{"epoch":"e","offset":${offset}}}`,
    );
    expect(await client.next("error")).toMatchObject({
      code: "invalid_field",
      field: "/position/offset",
      message: expect.stringContaining("an integer from 0 to 2^53-1"),
    });
  },
);

it("6: the largest offset is one, and so is an epoch of 32 characters; a position nobody gave is reset", async () => {
  const { client } = await connected();
  const position = { epoch: "_-aZ09".padEnd(32, "x"), offset: Number.MAX_SAFE_INTEGER };
  const subscribed = await client.ask({ ...subscribe, position }, "subscribed");
  expect(subscribed).toMatchObject({ resumed: false, reason: "epoch_changed" });
});

it.each(["", "e".repeat(33), "a b", "ä", "a.b", "a/b"])("6: %j is no epoch", async (epoch) => {
  const { client } = await connected();
  const command = { ...subscribe, position: { epoch, offset: 0 } };
  expect(await client.ask(command, "error")).toMatchObject({
    code: "invalid_field",
    field: "/position/epoch",
  });
});

it("6: exactly one of data and bytes: neither and both are refused, null is data", async () => {
  const { client } = await connected();
  expect(await client.ask(publish({}), "error")).toMatchObject({
    code: "invalid_field",
    field: "/data",
  });
  expect(await client.ask(publish({ data: 1, bytes: "AQI=" }), "error")).toMatchObject({
    code: "invalid_field",
    field: "/bytes",
  });
  await client.ask(subscribe, "subscribed");
  client.send(publish({ data: null }));
  expect(await client.next("publication")).toMatchObject({ offset: 1, data: null });
});

it.each([
  ["a lone surrogate", '"\\ud800"'],
  ["a lone surrogate in a name", '{"\\udfff":1}'],
  ["a number beyond 2⁵³−1", "9007199254740993"],
  ["a number beyond doubles", "1e999"],
  ["a member named __proto__", '{"__proto__":1}'],
])("6: data is I-JSON: %s is refused and nothing is stored", async (_name, data) => {
  const { client, gateway } = await connected();
  client.send(`{"type":"publish","id":1,"channel":"chat:a","data":${data}}`);
  const error = await client.next("error");
  expect(error).toMatchObject({
    id: 1,
    code: expect.stringMatching(/^(invalid_field|bad_message)$/),
  });
  expect(await gateway.publish("chat:a", 1)).toMatchObject({ offset: 1 });
});

it("6: bytes come out as they went in, whatever they are", async () => {
  const { client } = await connected();
  await client.ask(subscribe, "subscribed");
  const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString("base64");
  // Text that would be JSON, or UTF-8, or neither, is nobody's business.
  for (const bytes of [every, Buffer.from('{"__proto__":1}').toString("base64"), "", "/w=="]) {
    client.send(publish({ bytes }));
    const publication = await client.next("publication");
    expect(publication).toMatchObject({ bytes });
    expect(publication).not.toHaveProperty("data");
  }
});

it("6: a channel whose schema judges data takes no bytes, which nobody looks into", async () => {
  const judged: unknown[] = [];
  const validate = (value: unknown) => {
    judged.push(value);
    return { value };
  };
  const schema = { "~standard": { version: 1, vendor: "test", validate } } as const;
  const { client } = await connected({ channels: { "chat:*": { schema } } });
  expect(await client.ask(publish({ bytes: "e30=" }), "error")).toMatchObject({
    code: "invalid_data",
    field: "/bytes",
  });
  expect(judged).toEqual([]);
});

it.each(["AQI", "A===", "AQ=I", "AQ_-", "####", " AQI="])(
  "6: %j is no base64 with padding and is refused",
  async (bytes) => {
    const { client, gateway } = await connected();
    expect(await client.ask(publish({ bytes }), "error")).toMatchObject({
      code: "invalid_field",
      field: "/bytes",
      message: expect.stringContaining("base64"),
    });
    expect(await gateway.publish("chat:a", 1)).toMatchObject({ offset: 1 });
  },
);

it("6: the server stamps time and user; what a client says of either does not count", async () => {
  const startMs = Date.now();
  const { client } = await connected({
    authenticate: () => ({ user: "ada", can: { "*": ["subscribe", "publish"] } }),
    channels: { "chat:*": open.channels["chat:*"], "quiet:*": { history: {}, stampUser: false } },
  });
  await client.ask({ type: "connect", token: "t" }, "connected");
  const said = { data: 1, user: "root", timeMs: 1, offset: 99 };
  for (const channel of ["chat:a", "quiet:a"]) {
    await client.ask({ type: "subscribe", channel }, "subscribed");
    client.send({ type: "publish", channel, ...said });
    await client.until(() => client.ofType("publication").some((each) => each.channel === channel));
  }
  const [stamped, quiet] = client.ofType("publication") as [Message, Message];
  expect(stamped).toMatchObject({ channel: "chat:a", user: "ada", offset: 1 });
  expect(quiet).toMatchObject({ channel: "quiet:a", offset: 1 });
  expect(quiet).not.toHaveProperty("user");
  for (const { timeMs } of [stamped, quiet]) {
    expect(timeMs).toBeGreaterThanOrEqual(startMs);
    expect(timeMs).toBeLessThanOrEqual(Date.now());
  }
});

it("6: meta travels along up to 1 KiB, by socket and by HTTP", async () => {
  const { client, url } = await connected();
  await client.ask(subscribe, "subscribed");
  const meta = { traceparent: "t".repeat(1024 - "traceparent".length) };
  client.send(publish({ data: 1, meta }));
  expect(await client.next("publication")).toMatchObject({ meta });
  const response = await fetch(`${url}/api/publish`, {
    method: "POST",
    headers: { authorization: `Bearer ${API_KEY}` },
    body: JSON.stringify({ channel: "chat:a", data: 1, meta }),
  });
  expect(response.status).toBe(200);
  expect(await client.next("publication")).toMatchObject({ meta });
});

it.each([
  ["one byte more than 1 KiB", { m: "x".repeat(1024) }, "too_large", "/meta"],
  ["1 KiB of characters that are two bytes each", { m: "é".repeat(600) }, "too_large", "/meta"],
  ["a value that is no text", { traceparent: 1 }, "invalid_field", "/meta/traceparent"],
  ["an object inside", { a: {} }, "invalid_field", "/meta/a"],
  ["no map at all", ["x"], "invalid_field", "/meta"],
])("6: meta with %s is refused", async (_name, meta, code, field) => {
  const { client, gateway } = await connected();
  const error = await client.ask(publish({ data: 1, meta }), "error");
  expect(error).toMatchObject({ code, field });
  expect(await gateway.publish("chat:a", 1)).toMatchObject({ offset: 1 });
});
