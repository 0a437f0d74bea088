import { allFeatures, createMemoryBroker, type OpenEngine } from "@holdfast/broker";
import { silentLogger } from "@holdfast/core";
import { type ContractOf, call, type PayloadOf } from "@holdfast/protocol";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { describe, expect, expectTypeOf, it } from "vitest";
import { createGateway } from "./create-gateway.js";
import { createNodeRandom, nodeClock } from "./node/platform.js";

interface Message {
  readonly text: string;
}

function schema<T>(accepts: (value: unknown) => value is T): StandardSchemaV1<unknown, T> {
  return {
    "~standard": {
      version: 1,
      vendor: "test",
      validate: (value) =>
        accepts(value) ? { value } : { issues: [{ message: "refused", path: ["text"] }] },
    },
  };
}

const Message = schema(
  (value): value is Message =>
    typeof value === "object" &&
    value !== null &&
    "text" in value &&
    typeof value.text === "string",
);
const Rename = schema(
  (value): value is { to: string } => typeof value === "object" && value !== null && "to" in value,
);

function make() {
  return createGateway({
    logger: silentLogger,
    metrics: false,
    channels: { "chat:*": { schema: Message, history: { maxCount: 10 } }, "news:today": {} },
    calls: { "chat.rename": call(Rename, async ({ to }) => ({ renamed: to.length })) },
  });
}

describe("a gateway's type", () => {
  it("carries the payloads of its channels and the input and output of its calls", async () => {
    const gateway = make();
    type C = ContractOf<typeof gateway>;
    expectTypeOf<PayloadOf<C, "chat:lobby">>().toEqualTypeOf<Message>();
    expectTypeOf<PayloadOf<C, "news:today">>().toBeUnknown();
    expectTypeOf<C["calls"]["chat.rename"]["input"]>().toEqualTypeOf<{ to: string }>();
    expectTypeOf<C["calls"]["chat.rename"]["output"]>().toEqualTypeOf<{ renamed: number }>();
    await gateway.close({ drainMs: 0 });
  });

  it("refuses a payload of another shape, as its schema does when run", async () => {
    const gateway = make();
    expect(await gateway.publish("chat:lobby", { text: "hi" }, { key: "m-1" })).toMatchObject({
      ok: true,
      offset: 1,
    });
    // @ts-expect-error: `text` is missing.
    expect(await gateway.publish("chat:lobby", { test: "hi" })).toMatchObject({
      ok: false,
      code: "invalid_data",
    });
    await gateway.close({ drainMs: 0 });
  });
});

describe("a gateway's life", () => {
  it("is ready once the engine is there, and not any more when it closes", async () => {
    const gateway = make();
    await gateway.started();
    expect(gateway.ready).toBe(true);
    const closing = gateway.close({ drainMs: 0 });
    expect(gateway.ready).toBe(false);
    await closing;
  });

  it("reports an engine that cannot be reached to whoever waits for it", async () => {
    const broken = {
      capabilities: {
        engine: "broken",
        durability: "none",
        features: allFeatures,
        partitions: 1,
        keyWindowMs: 0,
        presenceLeaseMs: 0,
        presenceGraceMs: 0,
        commandWindowMs: 0,
        fenceWindowMs: 0,
      },
      connect: () => Promise.reject(new Error("no route to engine")),
      close: () => {},
    } as const;
    const gateway = createGateway({ broker: broken, logger: silentLogger, metrics: false });
    await expect(gateway.started()).rejects.toThrow("no route to engine");
    await expect(gateway.listen(0)).rejects.toThrow("no route to engine");
    expect(gateway.ready).toBe(false);
    await gateway.close({ drainMs: 0 });
  });

  it("refuses a URL no engine goes by, and repeats nothing of it that may be secret", () => {
    const refused = () => createGateway({ broker: "mystery://me:password@host" });
    expect(refused).toThrow("option broker: mystery: is not an engine known here. Known: memory:");
    expect(refused).toThrow("createGateway of the package holdfast has redis: and nats: too.");
    expect(refused).not.toThrow("password");
    expect(() => createGateway({ broker: "constructor:" })).toThrow("not an engine");
  });

  it("opens a further engine by its URL, and closes it in the end", async () => {
    const closed: string[] = [];
    const open: OpenEngine = (url, platform) => {
      const broker = createMemoryBroker(platform);
      const close = () => {
        closed.push(url);
        broker.close();
      };
      return {
        capabilities: broker.capabilities,
        connect: (...args) => broker.connect(...args),
        close,
      };
    };
    const engines = { other: open };
    const gateway = createGateway({ broker: "other:x", engines, logger: silentLogger });
    await gateway.started();
    expect(closed).toEqual([]);
    await gateway.close({ drainMs: 0 });
    expect(closed).toEqual(["other:x"]);
  });

  it("refuses channel rules beyond its engine before anybody connects, with the way out", async () => {
    const bare = createMemoryBroker({ clock: nodeClock, random: createNodeRandom() });
    const lacking = {
      ...bare.capabilities,
      engine: "bare",
      features: { ...allFeatures, history: "Use another engine.", presence: "There is none." },
    };
    const broker = {
      capabilities: lacking,
      connect: () => expect.fail("connected all the same"),
      close: () => bare.close(),
    };
    const gateway = createGateway({
      broker,
      channels: { "chat:*": { history: { maxCount: 1 } }, "who:*": { presence: true } },
      logger: silentLogger,
      metrics: false,
    });
    await expect(gateway.started()).rejects.toThrow(
      'Channel rule "chat:*" (history) needs history, which the engine bare cannot give here: Use another engine.\n' +
        'Channel rule "who:*" (presence) needs presence, which the engine bare cannot give here: There is none.',
    );
    await gateway.close({ drainMs: 0 });
    bare.close();
  });

  it("refuses API keys that could be guessed", () => {
    expect(() => createGateway({ apiKeys: ["short"] })).toThrow("apiKeys[0]");
  });
});
