import { describe, expect, it } from "vitest";
import { testGateway } from "../testing/harness.js";

const big = "x".repeat(70_000);
const channels = { "chat:*": { history: {} }, "cursor:*": {}, "slow:*": { maxPerSecond: 2 } };

async function stalledReader(settings = {}) {
  const gateway = await testGateway({ channels, settings });
  const peer = await gateway.open();
  for (const channel of ["chat:a", "cursor:a"]) peer.send({ type: "subscribe", channel });
  await gateway.settle();
  peer.stall(true);
  await gateway.core.publish("chat:a", { data: big });
  await gateway.settle();
  const move = (key: string, data: unknown) =>
    gateway.core.publish("cursor:a", { data }, { ephemeral: true, key });
  return { gateway, peer, move };
}

describe("a reader that does not read (abuse 21)", () => {
  it("gets the newest ephemeral publication of each key, and every stored one, once it reads again", async () => {
    const { gateway, peer, move } = await stalledReader();
    for (let i = 1; i <= 500; i++) {
      await move("ada", i);
      await move("bob", -i);
      if (i % 100 === 0) await gateway.core.publish("chat:a", { data: i });
    }
    await gateway.settle();
    expect(peer.of("ephemeral")).toEqual([]);
    peer.stall(false);
    await gateway.settle();
    expect(peer.of("ephemeral").map((each) => [each.key, each.data])).toEqual([
      ["ada", 500],
      ["bob", -500],
    ]);
    expect(peer.of("publication").map((each) => each.data)).toEqual([big, 100, 200, 300, 400, 500]);
  });

  it("loses ephemeral publications before it is closed, and is closed for stored ones only", async () => {
    const { gateway, peer } = await stalledReader({ maxOutboundBytes: 200_000 });
    for (let i = 0; i < 1_000; i++) {
      await gateway.core.publish("cursor:a", { data: "x".repeat(500) }, { ephemeral: true });
    }
    await gateway.settle();
    expect(peer.closedWith).toBeUndefined();
    await gateway.core.publish("chat:a", { data: "x".repeat(60_000) });
    await gateway.settle();
    expect(peer.closedWith).toBeUndefined();
    for (let i = 0; i < 3; i++) await gateway.core.publish("chat:a", { data: "x".repeat(60_000) });
    await gateway.settle();
    expect(peer.closedWith).toMatchObject({ code: 4001, reason: "slow_reader" });
    expect(peer.last("disconnect")).toMatchObject({ code: 4001, reconnect: true });
    expect(peer.of("ephemeral")).toEqual([]);
  });

  it("is closed at the bound in messages as well", async () => {
    const { gateway, peer } = await stalledReader({ maxOutboundMessages: 20 });
    for (let i = 0; i < 20; i++) await gateway.core.publish("chat:a", { data: i });
    await gateway.settle();
    expect(peer.closedWith).toBeUndefined();
    await gateway.core.publish("chat:a", { data: "one more" });
    await gateway.settle();
    expect(peer.closedWith).toMatchObject({ code: 4001 });
  });

  it("cannot be made to hold more than its bound by ever larger replacements", async () => {
    const { gateway, peer, move } = await stalledReader({ maxOutboundBytes: 200_000 });
    for (let key = 0; key < 100; key++) await move(`k${key}`, "");
    for (let key = 0; key < 100; key++) await move(`k${key}`, "x".repeat(20_000));
    await gateway.settle();
    peer.take();
    peer.stall(false);
    await gateway.settle();
    const bytes = peer.of("ephemeral").reduce((sum, each) => sum + String(each.data).length, 0);
    expect(peer.of("ephemeral").length).toBe(100);
    expect(bytes).toBeLessThan(200_000);
  });
});

describe("maxPerSecond", () => {
  it("passes the first at once, then the newest per key at its rate", async () => {
    const gateway = await testGateway({ channels });
    const peer = await gateway.open();
    peer.send({ type: "subscribe", channel: "slow:a" });
    await gateway.settle();
    expect(peer.last("subscribed")).toMatchObject({ contiguous: false });
    for (let i = 1; i <= 40; i++) {
      await gateway.core.publish("slow:a", { data: i }, { ephemeral: true, key: "k" });
      await gateway.clock.advanceAsync(50);
    }
    await gateway.clock.advanceAsync(1_000);
    const seen = peer.of("ephemeral").map((each) => each.data as number);
    expect(seen[0]).toBe(1);
    expect(seen.at(-1)).toBe(40);
    expect(seen.length).toBeGreaterThanOrEqual(4);
    expect(seen.length).toBeLessThanOrEqual(6);
    expect([...seen].sort((a, b) => a - b)).toEqual(seen);
  });
});
