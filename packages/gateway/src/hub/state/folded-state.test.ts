import type { BrokerLink, Snapshot } from "@holdfast/broker";
import { createFaultyMemoryBroker, type FaultyMemoryOptions } from "@holdfast/broker/testing";
import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import { folds, type Position } from "@holdfast/protocol";
import { jsonCodec } from "@holdfast/protocol/json";
import { describe, expect, it, vi } from "vitest";
import { type FakeTransport, type TestGateway, testGateway } from "../../testing/harness.js";

const history = { maxCount: 3, maxBytes: 100_000, maxAgeMs: 86_400_000 };
const channels = {
  "merge:*": { history, state: "merge" },
  "last:*": { history, state: "last" },
} as const;
const CHANNEL = "merge:a";

/** Counts what gateways ask of the engine. */
type Asked = Record<"loadSnapshot" | "storeSnapshot" | "read" | "publish", number>;

function world(options: Partial<FaultyMemoryOptions> = {}) {
  const clock = new VirtualClock();
  const asked: Asked = { loadSnapshot: 0, storeSnapshot: 0, read: 0, publish: 0 };
  const { operations } = options;
  const broker = createFaultyMemoryBroker({
    clock,
    random: new SeededRandom(9),
    ...options,
    operations: (gateway, operation) => {
      if (operation in asked && gateway !== "spy") asked[operation as keyof Asked] += 1;
      return operations?.(gateway, operation);
    },
  });
  const silent = () => {};
  const spy: BrokerLink = broker.connect("spy", {
    onEntry: silent,
    onEphemeral: silent,
    onPresence: silent,
    onRelayGap: silent,
    onAvailability: silent,
    onCommand: silent,
  });
  let seed = 20;
  return {
    clock,
    broker,
    asked,
    stored: async (channel = CHANNEL) =>
      (await spy.loadSnapshot(channel)) as Snapshot | null | undefined,
    gateway: (name: string, settings = {}) =>
      testGateway({
        clock,
        broker,
        gateway: name,
        random: new SeededRandom(seed++),
        channels,
        settings: { snapshotEveryCount: 4, replayPageEntries: 4, hubRingEntries: 4, ...settings },
      }),
  };
}

async function subscribed(gateway: TestGateway, fields = {}, channel = CHANNEL) {
  const peer = await gateway.open();
  peer.send({ type: "subscribe", channel, ...fields });
  await gateway.settle();
  return peer;
}

/** Publishes; what the state is read for takes the clock's turns. */
async function sent(gateway: TestGateway, channel: string, data: unknown) {
  const outcome = gateway.core.publish(channel, { data });
  await gateway.settle();
  return outcome;
}

async function publish(gateway: TestGateway, ...patches: unknown[]): Promise<void> {
  for (const data of patches) {
    const outcome = await sent(gateway, CHANNEL, data);
    if (!outcome.ok) throw new Error(outcome.code);
  }
}

/** What a client makes of what it was sent: each state with its offset, snapshots and folds. */
function followed(peer: FakeTransport): { offset: number; state: unknown; kind: string }[] {
  const seen: { offset: number; state: unknown; kind: string }[] = [];
  for (const message of peer.received) {
    if (message.type === "subscribed" && message.resumed) continue;
    if (message.type === "subscribed" || message.type === "reset") {
      const { position, state } = message;
      seen.push({ offset: position?.offset ?? -1, state, kind: message.type });
    } else if (message.type === "publication") {
      const { offset, data } = message;
      seen.push({ offset, state: folds.merge(seen.at(-1)?.state, data), kind: "fold" });
    }
  }
  return seen;
}

const patch = (n: number) => ({ n, [`k${n % 3}`]: n, [`k${(n + 1) % 3}`]: null });
const patches = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => patch(from + index));
const stateAt = (offset: number) => patches(1, offset).reduce<unknown>(folds.merge, null);

describe("a late-comer", () => {
  it("is given the state at a position, and then the publications after it", async () => {
    const { gateway } = world();
    const one = await gateway("g1");
    await publish(one, ...patches(1, 7));
    const peer = await subscribed(one);
    await publish(one, ...patches(8, 9));
    await one.settle();
    expect(peer.last("subscribed")).toMatchObject({
      resumed: false,
      contiguous: true,
      mode: "merge",
      position: { offset: 7 },
      top: 7,
      state: stateAt(7),
    });
    expect(followed(peer).map(({ offset, state }) => [offset, state])).toEqual(
      [7, 8, 9].map((offset) => [offset, stateAt(offset)]),
    );
  });

  it("to a channel nobody has published to is given null at offset 0", async () => {
    const { gateway } = world();
    const peer = await subscribed(await gateway("g1"));
    expect(peer.last("subscribed")).toMatchObject({ position: { offset: 0 }, state: null, top: 0 });
  });

  it("to a channel of mode `last` is given the newest publication's data, whatever it asked to begin with", async () => {
    const { gateway } = world();
    const one = await gateway("g1");
    for (const data of [{ a: 1 }, { b: 2 }]) await sent(one, "last:a", data);
    const peer = await subscribed(one, { last: 2 }, "last:a");
    expect(peer.last("subscribed")).toMatchObject({
      mode: "last",
      state: { b: 2 },
      position: { offset: 2 },
    });
    expect(peer.of("publication")).toEqual([]);
  });

  it("costs no reading where the channel is followed, however long it has been", async () => {
    const { gateway, asked } = world();
    const one = await gateway("g1");
    const first = await subscribed(one);
    await publish(one, ...patches(1, 50));
    asked.read = 0;
    asked.loadSnapshot = 0;
    const second = await subscribed(one);
    expect(second.last("subscribed")).toMatchObject({ position: { offset: 50 } });
    expect(second.last("subscribed").state).toEqual(followed(first).at(-1)?.state);
    expect(asked).toMatchObject({ read: 0, loadSnapshot: 0 });
  });

  it("shares one computation with everybody who comes at the same time", async () => {
    const { gateway, asked, clock } = world();
    await publish(await gateway("g1"), ...patches(1, 6));
    const two = await gateway("g2");
    asked.loadSnapshot = 0;
    const peers = Array.from({ length: 100 }, () => two.connect());
    for (const peer of peers) peer.send({ type: "subscribe", channel: CHANNEL });
    await clock.advanceAsync(1_000);
    for (const peer of peers) {
      expect(peer.last("subscribed")).toMatchObject({ state: stateAt(6), position: { offset: 6 } });
    }
    expect(asked.loadSnapshot).toBe(1);
  });

  it("is encoded once for everybody who comes within a moment, each answered under its own number", async () => {
    const { gateway, clock } = world();
    const one = await gateway("g1");
    await publish(one, ...patches(1, 6));
    const encode = vi.spyOn(jsonCodec, "encode");
    const peers = Array.from({ length: 5 }, () => one.connect());
    for (const [index, peer] of peers.entries()) {
      peer.send({ type: "subscribe", id: index + 1, channel: CHANNEL });
    }
    await clock.advanceAsync(1_000);
    const encoded = encode.mock.calls.filter(([message]) => message.type === "subscribed");
    encode.mockRestore();
    expect(peers.map((peer) => peer.last("subscribed").id)).toEqual([1, 2, 3, 4, 5]);
    for (const peer of peers) expect(peer.last("subscribed").state).toEqual(stateAt(6));
    expect(encoded).toHaveLength(1);
  });

  it("of a relay that is behind is shown at least what had been acknowledged", async () => {
    const { gateway, broker, clock } = world();
    const [one, two] = [await gateway("g1"), await gateway("g2")];
    const early = await subscribed(two);
    broker.cutRelay("g2");
    await publish(one, ...patches(1, 6));
    const late = await subscribed(two);
    expect(late.last("subscribed")).toMatchObject({ top: 6, state: stateAt(6) });
    broker.mendRelay("g2");
    await publish(one, ...patches(7, 8));
    await clock.advanceAsync(10_000);
    for (const peer of [early, late]) {
      expect(followed(peer).at(-1)).toMatchObject({ offset: 8, state: stateAt(8) });
    }
  });
});

describe("resuming", () => {
  it("sends no state, because the client has it", async () => {
    const { gateway } = world();
    const one = await gateway("g1");
    const peer = await subscribed(one);
    await publish(one, ...patches(1, 2));
    const { epoch } = peer.last("subscribed").position as Position;
    const { offset, id } = peer.last("publication");
    await publish(one, patch(3));
    const again = await subscribed(one, { position: { epoch, offset, id } });
    expect(again.last("subscribed")).toMatchObject({ resumed: true, mode: "merge" });
    expect("state" in again.last("subscribed")).toBe(false);
    expect(again.of("publication").map((each) => each.offset)).toEqual([3]);
  });

  it("from before what is retained begins with the state anew", async () => {
    const { gateway } = world();
    const one = await gateway("g1");
    const peer = await subscribed(one);
    await publish(one, ...patches(1, 30));
    const { epoch } = peer.last("subscribed").position as Position;
    const again = await subscribed(one, { position: { epoch, offset: 0 } });
    expect(again.last("subscribed")).toMatchObject({
      resumed: false,
      reason: "history_trimmed",
      position: { offset: 30 },
      state: stateAt(30),
    });
  });
});

describe("a live subscription", () => {
  it("is told of lost state, and begins with none", async () => {
    const { gateway, broker, clock } = world();
    const one = await gateway("g1");
    const peer = await subscribed(one);
    await publish(one, ...patches(1, 5));
    broker.wipe();
    await clock.advanceAsync(10_000);
    expect(peer.last("reset")).toMatchObject({
      reason: "state_lost",
      position: { offset: 0 },
      state: null,
    });
    await publish(one, patch(1));
    expect(followed(peer).at(-1)).toEqual({ kind: "fold", offset: 1, state: stateAt(1) });
  });

  it("that missed more than is retained is given the state with its reset", async () => {
    const { gateway, broker, clock } = world();
    const [one, two] = [await gateway("g1"), await gateway("g2")];
    const peer = await subscribed(two);
    broker.cutRelay("g2");
    await publish(one, ...patches(1, 20));
    broker.mendRelay("g2");
    await clock.advanceAsync(10_000);
    expect(peer.last("reset")).toMatchObject({
      reason: "history_trimmed",
      position: { offset: 20 },
      state: stateAt(20),
    });
  });

  it("goes on in a new epoch that continues it, and so does the state of who comes then", async () => {
    const { gateway, broker, clock } = world();
    const one = await gateway("g1");
    const peer = await subscribed(one);
    await publish(one, ...patches(1, 5));
    broker.failover(0);
    await clock.advanceAsync(10_000);
    await publish(one, patch(6));
    const late = await subscribed(one);
    expect(peer.of("reset")).toEqual([]);
    expect(followed(peer).at(-1)?.state).toEqual(stateAt(6));
    expect(late.last("subscribed")).toMatchObject({ position: { offset: 6 }, state: stateAt(6) });
  });
});

describe("snapshots", () => {
  it("are stored by whoever publishes, so that a short history is enough for everybody else", async () => {
    const { gateway, stored } = world();
    const one = await gateway("g1");
    await publish(one, ...patches(1, 41));
    const snapshot = await stored();
    const offset = snapshot?.position.offset ?? 0;
    expect(offset).toBeGreaterThan(34);
    expect(snapshot?.state).toEqual(stateAt(offset));
    const peer = await subscribed(await gateway("g2"));
    expect(peer.last("subscribed")).toMatchObject({ position: { offset: 41 }, state: stateAt(41) });
  });

  it("are not what the state depends on: nothing is let go before one is stored", async () => {
    const { gateway, stored } = world();
    await publish(await gateway("g1", { snapshotEveryCount: 1_000 }), ...patches(1, 60));
    expect(await stored()).toBeNull();
    const peer = await subscribed(await gateway("g2"));
    expect(peer.last("subscribed")).toMatchObject({ position: { offset: 60 }, state: stateAt(60) });
  });

  it("of an epoch whose suffix was lost stand in the one that continues it", async () => {
    const { gateway, broker } = world();
    await publish(await gateway("g1"), ...patches(1, 23));
    for (const lost of [1, 3]) {
      broker.failover(lost);
      const top = lost === 1 ? 22 : 19;
      const peer = await subscribed(await gateway(`late-${lost}`));
      expect(peer.last("subscribed")).toMatchObject({ position: { offset: top } });
      expect(peer.last("subscribed").state).toEqual(stateAt(top));
    }
  });

  it("begin with the oldest retained entry where the channel had a history before it had state", async () => {
    const { clock, broker, gateway } = world();
    const plain = await testGateway({ clock, broker, channels: { "merge:*": { history } } });
    await publish(plain, ...patches(1, 9));
    const peers = [await subscribed(await gateway("g1")), await subscribed(await gateway("g2"))];
    const state = patches(7, 9).reduce<unknown>(folds.merge, null);
    for (const peer of peers) {
      expect(peer.last("subscribed")).toMatchObject({ position: { offset: 9 }, state });
    }
  });

  it("that cannot be stored are tried again, and the state is right all the while", async () => {
    let fails = true;
    const { gateway, clock, stored } = world({
      operations: (_name, operation) =>
        operation === "storeSnapshot" && fails ? { lost: "request" } : undefined,
    });
    const one = await gateway("g1");
    await publish(one, ...patches(1, 20));
    await clock.advanceAsync(6_000);
    expect(await stored()).toBeNull();
    fails = false;
    await publish(one, ...patches(21, 21));
    await clock.advanceAsync(6_000);
    await publish(one, ...patches(22, 22));
    await clock.advanceAsync(1_000);
    expect((await stored())?.state).toEqual(stateAt((await stored())?.position.offset ?? 0));
  });
});

describe("a publication", () => {
  const channelOf = async (bytes: number, mode: "merge" | "last") => {
    const { gateway, asked } = world();
    const one = await gateway("g1", { maxStateBytes: bytes });
    return { asked, publish: (data: unknown) => sent(one, `${mode}:a`, data) };
  };

  it("that would make the state too large is refused before it is appended", async () => {
    const { publish: send, asked } = await channelOf(300, "merge");
    expect(await send({ a: "x".repeat(200) })).toMatchObject({ ok: true });
    expect(await send({ b: "x".repeat(200) })).toMatchObject({
      ok: false,
      code: "limit_exceeded",
      retryable: false,
    });
    expect(asked.publish).toBe(1);
    // Replacing what is there makes it no larger, and taking away makes room.
    expect(await send({ a: "y".repeat(200) })).toMatchObject({ ok: true, offset: 2 });
    expect(await send({ a: null, b: "x".repeat(200) })).toMatchObject({ ok: true, offset: 3 });
  });

  it("that is too large to be a state is refused in mode `last`", async () => {
    const { publish: send } = await channelOf(300, "last");
    expect(await send("x".repeat(400))).toMatchObject({ ok: false, code: "limit_exceeded" });
    expect(await send("x".repeat(200))).toMatchObject({ ok: true });
    expect(await send("y".repeat(200))).toMatchObject({ ok: true });
  });

  it("of bytes is refused where the state is folded from data", async () => {
    const { gateway } = world();
    const one = await gateway("g1");
    for (const channel of ["merge:a", "last:a"]) {
      const bytes = new Uint8Array([1]);
      expect(await one.core.publish(channel, { bytes })).toMatchObject({ code: "invalid_data" });
      const whisper = await one.core.publish(channel, { bytes }, { ephemeral: true });
      expect(whisper).toMatchObject({ ok: true });
    }
  });

  it("keeps its place behind earlier ones while the state is being read", async () => {
    const { gateway, clock } = world({
      operations: (_name, operation) =>
        operation === "loadSnapshot" ? { delayMs: 50, replyDelayMs: 50 } : undefined,
    });
    const peer = await (await gateway("g1")).open();
    for (const n of [1, 2, 3]) {
      peer.send({ type: "publish", id: n, channel: CHANNEL, data: patch(n) });
    }
    await clock.advanceAsync(200);
    expect(peer.of("published").map(({ id, offset }) => [id, offset])).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
  });
});

it("states that nobody uses are let go where memory is short, and read again", async () => {
  const { gateway, asked } = world();
  const one = await gateway("g1", { maxStateMemoryBytes: 1_024, maxStateBytes: 800 });
  const filled = async (channel: string) => {
    await sent(one, channel, { text: "x".repeat(600) });
    return subscribed(one, {}, channel);
  };
  await filled("merge:1");
  await filled("merge:2");
  expect(one.meter.value("holdfast_states_bytes")).toBeLessThan(1_024);
  asked.loadSnapshot = 0;
  const again = await subscribed(one, {}, "merge:1");
  expect(again.last("subscribed").state).toEqual({ text: "x".repeat(600) });
  expect(asked.loadSnapshot).toBe(1);
});
