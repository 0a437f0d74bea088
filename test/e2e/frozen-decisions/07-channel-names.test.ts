import { expect, it } from "vitest";
import { API_KEY, endAfterEach, open, serve } from "../kit/gateway.js";
import { JsonClient } from "../kit/json-client.js";

// Frozen decision 7: ^[a-z][a-z0-9-]{0,31}:[A-Za-z0-9_.~@:/-]{1,200}$, case-sensitive; $… is
// reserved. (That engines encode names injectively is the conformance suite's to prove.)

endAfterEach();

const everywhere = {
  channels: { "*": open.channels["chat:*"] },
  anonymous: { "*": ["subscribe", "publish", "presence", "history"] },
} as const;

const good = [
  "a:b",
  "chat:lobby",
  `${"n".repeat(32)}:x`,
  `chat:${"x".repeat(200)}`,
  "a0-9-:A.Z_a~z@0:9/-",
  "chat:::",
  "chat:../../etc",
];

const bad = [
  "",
  "chat",
  ":lobby",
  "chat:",
  "Chat:lobby",
  "1chat:lobby",
  "-chat:lobby",
  "ch_at:lobby",
  `${"n".repeat(33)}:x`,
  `chat:${"x".repeat(201)}`,
  "chat:two words",
  "chat:*",
  "chat:a\nb",
  "chat:a\0",
  "chat:é",
  "chat:a?b",
  "chat:lobby ",
  "$system:presence",
  "$:x",
];

it.each(good)("7: %.40s is a channel: subscribed, published to and delivered", async (channel) => {
  const { webSocketUrl } = await serve(everywhere);
  const client = await JsonClient.open(webSocketUrl);
  expect(await client.ask({ type: "subscribe", channel }, "subscribed")).toMatchObject({ channel });
  client.send({ type: "publish", channel, data: 1 });
  expect(await client.next("publication")).toMatchObject({ channel, offset: 1 });
});

it("7: whatever is out of grammar is refused by every command, named, and counts for nothing", async () => {
  const { webSocketUrl } = await serve({ ...everywhere, settings: { maxBadMessages: 1_000 } });
  const client = await JsonClient.open(webSocketUrl);
  const commands = [
    { type: "subscribe" },
    { type: "unsubscribe" },
    { type: "publish", data: 1 },
    { type: "history" },
    { type: "presence" },
    { type: "presence_enter" },
    { type: "presence_leave" },
  ];
  for (const channel of bad) {
    for (const command of commands) {
      const error = await client.ask({ ...command, id: 1, channel }, "error");
      expect(error).toMatchObject({ id: 1, code: "invalid_channel", field: "/channel" });
      expect(error.message).toContain("a channel name such as chat:lobby");
    }
  }
  expect(client.ofType("error")).toHaveLength(bad.length * commands.length);
});

it("7: the HTTP API and the gateway's own publish hold to the same grammar", async () => {
  const { url, gateway } = await serve(everywhere);
  for (const channel of bad) {
    const response = await fetch(`${url}/api/publish`, {
      method: "POST",
      headers: { authorization: `Bearer ${API_KEY}` },
      body: JSON.stringify({ channel, data: 1 }),
    });
    expect([response.status, await response.json()]).toEqual([
      400,
      expect.objectContaining({ code: "invalid_channel" }),
    ]);
    expect(await gateway.publish(channel, 1)).toMatchObject({ ok: false, code: "invalid_channel" });
  }
});

it("7: names are case-sensitive: chat:a and chat:A are two channels", async () => {
  const { webSocketUrl, gateway } = await serve(everywhere);
  const client = await JsonClient.open(webSocketUrl);
  await client.ask({ type: "subscribe", channel: "chat:A" }, "subscribed");
  await gateway.publish("chat:a", "small");
  await gateway.publish("chat:A", "large");
  expect(await client.next("publication")).toMatchObject({ offset: 1, data: "large" });
});

it("7: names that look alike to a file system or a key are channels of their own", async () => {
  const { gateway } = await serve(everywhere);
  const names = ["a:b/c", "a:b:c", "a:b.c", "a:b-c", "a:b_c", "a:b~c", "a:b@c", "a-b:c", "a:b//c"];
  for (const name of names) expect(await gateway.publish(name, 1)).toMatchObject({ offset: 1 });
});
