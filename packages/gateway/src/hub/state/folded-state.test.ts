import type { Position } from "@holdfast/protocol";
import { jsonCodec } from "@holdfast/protocol/json";
import { describe, expect, it, vi } from "vitest";
import {
  CHANNEL,
  followed,
  patch,
  patches,
  publish,
  sent,
  stateAt,
  subscribed,
  world,
} from "../../testing/folded-world.js";

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
