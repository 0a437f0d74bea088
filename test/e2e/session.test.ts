import { call } from "@holdfast/gateway";
import { expect, it } from "vitest";
import { endAfterEach, open, SESSION_SECRET, serve } from "./kit/gateway.js";
import { JsonClient } from "./kit/json-client.js";

endAfterEach();

it("a plain WebSocket subscribes, publishes and receives with nothing but JSON and no id", async () => {
  const { webSocketUrl } = await serve();
  const client = await JsonClient.open(webSocketUrl);
  const subscribed = await client.ask({ type: "subscribe", channel: "chat:lobby" }, "subscribed");
  expect(subscribed).toMatchObject({ channel: "chat:lobby", resumed: false, contiguous: true });
  expect(subscribed.position).toMatchObject({ offset: 0 });
  client.send({ type: "publish", channel: "chat:lobby", data: { text: "hi" } });
  await client.until(
    () => client.ofType("published").length + client.ofType("publication").length === 2,
  );
  expect(client.ofType("published")).toEqual([
    expect.objectContaining({ channel: "chat:lobby", offset: 1 }),
  ]);
  const [publication] = client.ofType("publication");
  expect(publication).toMatchObject({ channel: "chat:lobby", offset: 1, data: { text: "hi" } });
  expect(client.ofType("ping")).toEqual([]);
});

it("a negotiated connection says hello, batches commands and gets each answer under its id", async () => {
  const { webSocketUrl } = await serve();
  const client = await JsonClient.open(webSocketUrl, { protocols: ["holdfast.v1.json"] });
  expect(client.socket.protocol).toBe("holdfast.v1.json");
  const connected = await client.ask({ type: "connect", id: 1 }, "connected");
  expect(connected).toMatchObject({ id: 1, maxMessageBytes: 65_536, features: expect.any(Array) });
  client.send(
    [
      { type: "subscribe", id: 2, channel: "chat:a" },
      { type: "subscribe", id: 3, channel: "elsewhere:a" },
      { type: "publish", id: 4, channel: "chat:a", data: 1 },
    ]
      .map((command) => JSON.stringify(command))
      .join("\n"),
  );
  await client.until(() => [2, 3, 4].every((id) => client.messages.some((m) => m.id === id)));
  const answers = new Map(client.messages.map((message) => [message.id, message]));
  expect(answers.get(2)).toMatchObject({ type: "subscribed" });
  expect(answers.get(3)).toMatchObject({ type: "error", code: "forbidden" });
  expect(answers.get(4)).toMatchObject({ type: "published", offset: 1 });
});

it("a publication reaches everyone who is subscribed, by the gateway's own publish too", async () => {
  const { webSocketUrl, gateway } = await serve();
  const clients = await Promise.all(Array.from({ length: 3 }, () => JsonClient.open(webSocketUrl)));
  for (const client of clients) {
    await client.ask({ type: "subscribe", channel: "chat:lobby" }, "subscribed");
  }
  const first = await gateway.publish("chat:lobby", { text: "hi" }, { key: "m-1" });
  const again = await gateway.publish("chat:lobby", { text: "hi" }, { key: "m-1" });
  await gateway.publishBytes("chat:lobby", Uint8Array.of(1, 2));
  expect(first).toMatchObject({ ok: true, offset: 1, duplicate: false });
  expect(again).toMatchObject({ ok: true, offset: 1, duplicate: true });
  for (const client of clients) {
    expect(await client.next("publication")).toMatchObject({ offset: 1, data: { text: "hi" } });
    expect(await client.next("publication")).toMatchObject({ offset: 2, bytes: "AQI=" });
  }
});

it("a token in the subprotocol authenticates, and the user is stamped on what it publishes", async () => {
  const { webSocketUrl } = await serve({
    authenticate: ({ token }) =>
      token === "good" ? { user: "ada", can: { "chat:*": ["subscribe", "publish"] } } : null,
  });
  const protocols = ["holdfast.v1.json", "holdfast.token.good"];
  const client = await JsonClient.open(webSocketUrl, { protocols });
  expect(await client.ask({ type: "connect" }, "connected")).toMatchObject({ user: "ada" });
  await client.ask({ type: "subscribe", channel: "chat:a" }, "subscribed");
  client.send({ type: "publish", channel: "chat:a", data: 1 });
  expect(await client.next("publication")).toMatchObject({ user: "ada" });
});

it("abuse 4: a wrong token ends the connection as unauthorized", async () => {
  const { webSocketUrl } = await serve({ authenticate: () => null });
  const client = await JsonClient.open(webSocketUrl);
  client.send({ type: "connect", token: "bad" });
  expect(await client.closed()).toBe(4500);
  expect(client.closeReason).toBe("unauthorized");
});

it("abuse 30: two sockets resume one session: the older one is closed, the newer one goes on", async () => {
  const { webSocketUrl, gateway } = await serve();
  const connect = { type: "connect", session: SESSION_SECRET };
  const [older, newer] = [await JsonClient.open(webSocketUrl), await JsonClient.open(webSocketUrl)];
  const first = await older.ask(connect, "connected");
  const { position } = await older.ask({ type: "subscribe", channel: "chat:a" }, "subscribed");
  const second = await newer.ask(connect, "connected");
  expect(second.member).toBe(first.member);
  expect(await older.closed()).toBe(4503);
  expect(older.ofType("disconnect")[0]).toMatchObject({ reconnect: false });
  await newer.ask({ type: "subscribe", channel: "chat:a", position }, "subscribed");
  await gateway.publish("chat:a", 1);
  expect(await newer.next("publication")).toMatchObject({ offset: 1 });
});

it("a call reaches its handler, which sees validated input", async () => {
  const Text = {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value: unknown) =>
        typeof value === "string" ? { value } : { issues: [{ message: "expected a text" }] },
    },
  } as const;
  const { webSocketUrl } = await serve({
    calls: { "chat.shout": call<string, string>(Text, (text) => text.toUpperCase()) },
    anonymous: { ...open.anonymous, "chat.shout": ["call"] },
  });
  const client = await JsonClient.open(webSocketUrl);
  const result = await client.ask(
    { type: "call", id: 1, method: "chat.shout", data: "hi" },
    "result",
  );
  expect(result).toMatchObject({ id: 1, data: "HI" });
  const error = await client.ask({ type: "call", id: 2, method: "chat.shout", data: 1 }, "error");
  expect(error).toMatchObject({ id: 2, code: "invalid_data" });
});

it("a position from one connection resumes on the next, with what came between", async () => {
  const { webSocketUrl, gateway } = await serve();
  const first = await JsonClient.open(webSocketUrl);
  const { position } = await first.ask({ type: "subscribe", channel: "chat:a" }, "subscribed");
  first.socket.terminate();
  await gateway.publish("chat:a", "one");
  await gateway.publish("chat:a", "two");
  const second = await JsonClient.open(webSocketUrl);
  const command = { type: "subscribe", channel: "chat:a", position };
  const subscribed = await second.ask(command, "subscribed");
  expect(subscribed).toMatchObject({ resumed: true, position: { offset: 0 }, top: 2 });
  expect(await second.next("publication")).toMatchObject({ offset: 1, data: "one" });
  expect(await second.next("publication")).toMatchObject({ offset: 2, data: "two" });
});
