import { connect } from "@holdfast/client";
import { call } from "@holdfast/gateway";
import { protocolVersion } from "@holdfast/protocol";
import { upSchemas } from "@holdfast/protocol/schemas";
import { expect, it } from "vitest";
import { endAfterEach, onEnd, open, serve } from "../kit/gateway.js";
import { JsonClient } from "../kit/json-client.js";
import { ScriptedServer } from "../kit/scripted-server.js";

// Frozen decision 8: unknown fields are ignored; unknown commands get unknown_type; unknown pushes
// are ignored. Additions stay v1 and appear in connected.features. (The hash of the schemas is held
// against the version by packages/protocol/src/schema-hash.test.ts.)

endAfterEach();

const anything = {
  "~standard": { version: 1, vendor: "test", validate: (value: unknown) => ({ value }) },
} as const;

const future = { ofTheFuture: { nested: [1, "two"] }, channels: ["x"], v: 9 };

const commands: readonly [type: string, command: object, answer: string][] = [
  ["connect", { token: "t" }, "connected"],
  ["refresh", { token: "t" }, "refreshed"],
  ["subscribe", { channel: "chat:a", last: 1 }, "subscribed"],
  ["publish", { channel: "chat:a", data: 1 }, "published"],
  ["history", { channel: "chat:a" }, "history"],
  ["presence_enter", { channel: "chat:a" }, "presence_entered"],
  ["presence", { channel: "chat:a" }, "presence"],
  ["presence_leave", { channel: "chat:a" }, "presence_left"],
  ["unsubscribe", { channel: "chat:a" }, "unsubscribed"],
  ["call", { method: "echo", data: 1 }, "result"],
  ["ping", {}, "pong"],
];

it("8: fields nobody knows change nothing, in any command", async () => {
  const { webSocketUrl } = await serve({
    authenticate: () => ({
      user: "ada",
      can: { ...open.anonymous, echo: ["call"] },
      expiresAtMs: Date.now() + 3_600_000,
    }),
    calls: { echo: call(anything, (input) => input) },
  });
  const client = await JsonClient.open(webSocketUrl);
  for (const [index, [type, command, answer]] of commands.entries()) {
    const id = index + 1;
    client.send({ type, id, ...future, ...command });
    await client.until(() => client.messages.some((each) => each.id === id));
    expect(client.messages.find((each) => each.id === id)).toMatchObject({ type: answer });
  }
  client.send({ type: "pong", ...future });
  client.send({ type: "cancel", call: 999, ...future });
  client.send({ type: "ping", id: 100 });
  await client.until(() => client.ofType("pong").some(({ id }) => id === 100));
  expect(client.ofType("error")).toEqual([]);
  const tested = new Set([...commands.map(([type]) => type), "pong", "cancel"]);
  expect([...tested].sort()).toEqual(Object.keys(upSchemas).sort());
});

it("8: fields nobody knows, inside position and session too, are ignored", async () => {
  const { webSocketUrl } = await serve();
  const client = await JsonClient.open(webSocketUrl);
  const session = { id: "s", seq: 1, ...future };
  await client.ask({ type: "publish", channel: "chat:a", data: 1, session }, "published");
  const { position } = await client.ask({ type: "subscribe", channel: "chat:a" }, "subscribed");
  await client.ask({ type: "unsubscribe", channel: "chat:a" }, "unsubscribed");
  const command = {
    type: "subscribe",
    channel: "chat:a",
    position: { ...(position as object), ...future },
  };
  expect(await client.ask(command, "subscribed")).toMatchObject({ resumed: true });
});

it.each([
  "subscribe_many",
  "Subscribe",
  "SUBSCRIBE",
  "",
  "__proto__",
  "constructor",
  "publication",
  "connected",
])(
  "8: the command %j gets unknown_type with the types there are, and the connection lives",
  async (type) => {
    const { webSocketUrl } = await serve();
    const client = await JsonClient.open(webSocketUrl);
    client.send(`{"type":${JSON.stringify(type)},"id":1,"channel":"chat:a"}`);
    expect(await client.next("error")).toMatchObject({
      id: 1,
      code: "unknown_type",
      field: "/type",
      message: expect.stringContaining("subscribe, "),
      retryable: false,
    });
    await client.ask({ type: "ping" }, "pong");
  },
);

it.each(["{}", '{"type":1}', '{"type":null}', '{"type":["ping"]}'])(
  "8: %s is a fault of the field, not of an unknown command",
  async (text) => {
    const { webSocketUrl } = await serve();
    const client = await JsonClient.open(webSocketUrl);
    client.send(text);
    expect(await client.next("error")).toMatchObject({ code: "invalid_field", field: "/type" });
  },
);

it("8: the SDK ignores pushes, fields and features it does not know", async () => {
  const server = await ScriptedServer.start((command, say) => {
    if (command.type !== "subscribe") return;
    say({ type: "weather", channel: command.channel, data: "sunny" });
    say({
      ...future,
      type: "subscribed",
      id: command.id,
      channel: command.channel,
      resumed: false,
      position: { epoch: "e", offset: 0, ...future },
      top: 0,
      contiguous: true,
    });
  });
  const client = connect(server.url);
  onEnd(() => client.close());
  const errors: unknown[] = [];
  client.on("error", (error) => errors.push(error));
  const subscription = await client.channel("chat:a").subscribe();
  server.push({ type: "weather", channel: "chat:a" });
  server.push({
    type: "publication",
    channel: "chat:other",
    offset: 1,
    id: "x",
    data: 0,
    timeMs: 1,
  });
  server.push({
    type: "publication",
    channel: "chat:a",
    offset: 1,
    id: "p",
    data: 1,
    timeMs: 1,
    ...future,
  });
  for await (const { offset, data } of subscription) {
    expect([offset, data]).toEqual([1, 1]);
    break;
  }
  expect(errors).toEqual([]);
  expect(client.state.now).toBe("open");
});

it("8: features are a list, hold nothing the client made up, and the version is 1", async () => {
  const { webSocketUrl } = await serve();
  const client = await JsonClient.open(webSocketUrl);
  const features = ["of-the-future", "holdfast.v2"];
  const connected = await client.ask({ type: "connect", features }, "connected");
  expect(connected.features).toEqual(expect.any(Array));
  for (const name of features) expect(connected.features).not.toContain(name);
  expect(protocolVersion).toBe(1);
});
