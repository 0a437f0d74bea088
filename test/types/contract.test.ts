import {
  type Channel,
  type Client,
  type ClientState,
  connect,
  type Publication,
  type PublishResult,
} from "@holdfast/client";
import { call, createGateway } from "@holdfast/gateway";
import { describe, expect, expectTypeOf, it } from "vitest";
import { z } from "zod";

// What the compiler says of a typed client. `tsc -p tsconfig.tests.json` is what can fail here: the
// functions are never run, and expectTypeOf does nothing at run time.

const Message = z.object({ text: z.string() });
const Price = z.object({ symbol: z.string(), at: z.coerce.date().transform(Number) });
const Rename = z.object({ to: z.string(), silent: z.boolean().default(false) });

function makeGateway() {
  return createGateway({
    broker: "memory:",
    authenticate: ({ token }) => (token === "ada" ? { user: "ada", can: { "*": ["call"] } } : null),
    channels: {
      "chat:*": {
        history: { maxCount: 1000, maxAgeMs: 86_400_000 },
        presence: true,
        schema: Message,
      },
      "price:eur": { schema: Price },
      "log:*": {},
    },
    authorize: ({ user, action, channel }) => user === "ada" && action === "call" && channel !== "",
    calls: {
      "chat.rename": call(Rename, async (input, { user, signal }) => {
        expectTypeOf(input).toEqualTypeOf<{ to: string; silent: boolean }>();
        expectTypeOf(user).toEqualTypeOf<string | undefined>();
        expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
        return { renamed: input.to.length };
      }),
      ping: { handler: (input: number) => String(input) },
    },
  });
}

type G = ReturnType<typeof makeGateway>;
declare const client: ReturnType<typeof connect<G>>;

/** The server of "the API to reach". */
async function server(httpServer: import("node:http").Server): Promise<void> {
  const gateway = makeGateway();
  gateway.attach(httpServer);
  await gateway.listen(8000);
  await gateway.publish("chat:lobby", { text: "hi" }, { key: "m-1" });
  // @ts-expect-error: the channel's schema wants text.
  await gateway.publish("chat:lobby", { txt: "hi" });
  await gateway.close({ drainMs: 10_000 });
}

/** The client of "the API to reach". */
async function page(
  signal: AbortSignal,
  name: string,
  fetchToken: (signal: AbortSignal) => Promise<string>,
  reload: (reason: string) => void,
  render: (data: { text: string }, user: string | undefined, offset: number) => void,
  toast: (text: string) => void,
  renderMembers: (event: { readonly count: number }) => void,
): Promise<void> {
  const client = connect<G>("wss://example.org/ws", {
    getToken: ({ signal }) => fetchToken(signal),
  });
  const lobby = client.channel("chat:lobby");
  await using sub = await lobby.subscribe({ last: 50, signal });
  sub.on("reset", ({ reason }) => reload(reason));
  for await (const p of sub) render(p.data, p.user, p.offset);
  const sent = await lobby.publish({ text: "hi" });
  if (!sent.ok && sent.retryable) toast(sent.message);
  await lobby.presence.enter({ name });
  lobby.presence.on("change", renderMembers);
  const renamed = await client.call("chat.rename", { to: "x" }, { timeoutMs: 3000 });
  if (renamed.ok) toast(String(renamed.data.renamed));
  client.on("state", ({ now, attempt, nextTryMs }) => {
    expectTypeOf(now).toEqualTypeOf<ClientState["now"]>();
    expectTypeOf(attempt).toEqualTypeOf<number>();
    expectTypeOf(nextTryMs).toEqualTypeOf<number | undefined>();
  });
}

function channels(): void {
  expectTypeOf(client.channel("chat:lobby")).toEqualTypeOf<Channel<{ text: string }>>();
  expectTypeOf(client.channel("chat:a/b:c")).toEqualTypeOf<Channel<{ text: string }>>();
  // An exact name; a schema that transforms: what is published is not what arrives.
  const price = client.channel("price:eur");
  expectTypeOf(price.subscribe).returns.resolves.toExtend<
    AsyncIterable<Publication<{ symbol: string; at: number }>>
  >();
  void price.publish({ symbol: "EUR", at: "2030-01-01" });
  // @ts-expect-error: the symbol is missing.
  void price.publish({ at: 0 });
  // Nothing is known of a channel without a schema, nor of one that no rule names.
  expectTypeOf(client.channel("log:x")).toEqualTypeOf<Channel<unknown>>();
  expectTypeOf(client.channel("price:usd")).toEqualTypeOf<Channel<unknown>>();
  // Nor of a name that is known only when run, unless its namespace is.
  expectTypeOf(client.channel("chat:lobby" as string)).toEqualTypeOf<Channel<unknown>>();
  expectTypeOf(client.channel("chat:x" as `chat:${string}`)).toEqualTypeOf<
    Channel<{ text: string }>
  >();
}

async function payloads(): Promise<void> {
  const lobby = client.channel("chat:lobby");
  expectTypeOf(await lobby.publish({ text: "hi" })).toEqualTypeOf<PublishResult>();
  // @ts-expect-error: not the payload of the channel.
  await lobby.publish({ text: 1 });
  // @ts-expect-error: nor is nothing.
  await lobby.publish();
  // @ts-expect-error: opaque bytes are published as bytes.
  await lobby.publishBytes("text");
  await lobby.subscribe({
    onPublication: ({ data, offset, position }) => {
      expectTypeOf(data).toEqualTypeOf<{ text: string }>();
      expectTypeOf(offset).toEqualTypeOf<number>();
      expectTypeOf(position?.epoch).toEqualTypeOf<string | undefined>();
    },
    onEphemeral: ({ data }) => expectTypeOf(data).toEqualTypeOf<{ text: string }>(),
  });
  const page = await lobby.history({ limit: 10 });
  if (page.ok) expectTypeOf(page.publications[0]!.data).toEqualTypeOf<{ text: string }>();
  // @ts-expect-error: only an outcome that is ok has publications.
  page.publications;
  // @ts-expect-error: unknown data has to be looked at before it is used.
  for await (const { data } of await client.channel("log:x").subscribe()) data.text;
}

async function calls(): Promise<void> {
  const renamed = await client.call("chat.rename", { to: "x", silent: true });
  if (renamed.ok) expectTypeOf(renamed.data).toEqualTypeOf<{ renamed: number }>();
  else expectTypeOf(renamed.code).toExtend<string>();
  const pong = await client.call("ping", 1);
  if (pong.ok) expectTypeOf(pong.data).toEqualTypeOf<string>();
  // @ts-expect-error: no such call.
  await client.call("chat.remove", {});
  // @ts-expect-error: not the input of the call.
  await client.call("chat.rename", { from: "x" });
  // @ts-expect-error: a call without a schema has its handler's input.
  await client.call("ping", "1");
}

/** A contract written by hand, for a gateway that is not TypeScript's to see. */
async function written(): Promise<void> {
  type Contract = {
    channels: { "chat:*": { text: string }; "*": number };
    calls: { add: { input: [number, number]; output: number } };
  };
  const client = connect<Contract>("ws://127.0.0.1:8000/ws");
  expectTypeOf(client).toEqualTypeOf<Client<Contract>>();
  // Which of the rules is first the type cannot know.
  expectTypeOf(client.channel("chat:x")).toEqualTypeOf<Channel<{ text: string } | number>>();
  expectTypeOf(client.channel("other:x")).toEqualTypeOf<Channel<number>>();
  const sum = await client.call("add", [1, 2]);
  if (sum.ok) expectTypeOf(sum.data).toEqualTypeOf<number>();
}

/** Without a contract everything is possible, and unknown. */
async function untyped(): Promise<void> {
  const client = connect("ws://127.0.0.1:8000/ws");
  expectTypeOf(client.channel("chat:x")).toEqualTypeOf<Channel<unknown>>();
  await client.channel("chat:x").publish({ anything: true });
  const result = await client.call("any.method", { anything: true });
  if (result.ok) expectTypeOf(result.data).toBeUnknown();
  // @ts-expect-error: limits are numbers.
  connect("ws://127.0.0.1:8000/ws", { callTimeoutMs: "3 s" });
  // @ts-expect-error: no such option.
  connect("ws://127.0.0.1:8000/ws", { reconnect: true });
}

/** A handler inside a channel rule knows what it is given. */
function snapshots() {
  return createGateway({
    channels: {
      "doc:*": {
        state: {
          handler: ({ channel, signal }) => {
            expectTypeOf(channel).toEqualTypeOf<string>();
            expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
            return { snapshot: channel };
          },
        },
      },
    },
  });
}

describe("what the compiler holds", () => {
  const held = { server, page, channels, payloads, calls, written, untyped, snapshots };
  it.each(Object.entries(held))("%s", (_, code) => expect(code).toBeTypeOf("function"));
});
