import { expect, it } from "vitest";
import { testGateway } from "../testing/harness.js";
import type { Frame } from "../transport.js";

async function opened(negotiated: boolean) {
  const gateway = await testGateway();
  const peer = gateway.connect({}, negotiated);
  peer.send({ type: "connect" });
  await gateway.settle();
  return { gateway, peer };
}

it("a negotiated connection is pinged every 25 s, in the protocol and in the application", async () => {
  const { gateway, peer } = await opened(true);
  expect(peer.last("connected")).toMatchObject({ pingIntervalMs: 25_000, pongTimeoutMs: 10_000 });
  for (let second = 0; second < 250; second++) {
    await gateway.clock.advanceAsync(1_000);
    peer.connection?.ponged();
  }
  expect(peer.pings).toBeGreaterThanOrEqual(9);
  expect(peer.pings).toBeLessThanOrEqual(11);
  expect(peer.of("ping").length).toBe(peer.pings);
  expect(peer.terminated).toBe(false);
});

it("both pings leave as one frame that all share, where the socket can and nothing waits for it", async () => {
  const { gateway, peer } = await opened(true);
  const other = await gateway.open();
  const shared: Frame[] = [];
  for (const each of [peer, other]) {
    each.withPing = (message) => {
      shared.push(message);
      return message;
    };
  }
  const beat = async () => {
    for (let second = 0; second < 25; second++) {
      await gateway.clock.advanceAsync(1_000);
      for (const each of [peer, other]) each.connection?.ponged();
    }
  };
  await beat();
  expect(shared).toHaveLength(2);
  expect(shared[0]).toBe(shared[1]);
  expect([peer.pings, other.pings]).toEqual([0, 0]);
  expect([peer, other].map((each) => each.of("ping").length)).toEqual([1, 1]);
  peer.stall(true);
  peer.send({ type: "ping", id: 1 });
  await gateway.settle();
  await beat();
  expect([peer.pings, other.pings]).toEqual([1, 0]);
  peer.stall(false);
  await beat();
  expect([peer.pings, other.pings]).toEqual([1, 0]);
  expect([peer, other].map((each) => each.of("ping").length)).toEqual([3, 3]);
});

it("a plain connection is pinged in the protocol only", async () => {
  const { gateway, peer } = await opened(false);
  expect(peer.last("connected").pingIntervalMs).toBe(0);
  for (let second = 0; second < 100; second++) {
    await gateway.clock.advanceAsync(1_000);
    peer.connection?.ponged();
  }
  expect(peer.pings).toBeGreaterThanOrEqual(3);
  expect(peer.of("ping")).toEqual([]);
  expect(peer.terminated).toBe(false);
});

it("a connection that answers nothing is terminated 10 s after a ping", async () => {
  const { gateway, peer } = await opened(true);
  while (peer.pings === 0) await gateway.clock.advanceAsync(100);
  await gateway.clock.advanceAsync(9_800);
  expect(peer.terminated).toBe(false);
  await gateway.clock.advanceAsync(400);
  expect(peer.terminated).toBe(true);
  expect(gateway.core.connectionCount).toBe(0);
});

it("anything a connection says is a sign of life", async () => {
  const { gateway, peer } = await opened(true);
  for (let second = 0; second < 100; second++) {
    await gateway.clock.advanceAsync(1_000);
    peer.send({ type: "pong" });
  }
  expect(peer.terminated).toBe(false);
});
