import { expect, it } from "vitest";
import { testGateway } from "../testing/harness.js";

it("takes connections at its rate and sends the others away with a time and a spread", async () => {
  const gateway = await testGateway({ settings: { acceptsPerSecond: 10 } });
  const peers = Array.from({ length: 25 }, () => gateway.connect());
  await gateway.settle();
  const refused = peers.filter((peer) => peer.closedWith !== undefined);
  expect(refused.length).toBe(15);
  for (const peer of refused) {
    expect(peer.closedWith).toMatchObject({ code: 4003, reason: "overloaded" });
    expect(peer.last("disconnect")).toMatchObject({
      reconnect: true,
      retryAfterMs: expect.any(Number),
      spreadMs: expect.any(Number),
    });
  }
  expect(gateway.core.acceptWaitMs()).toBeGreaterThan(0);
  await gateway.clock.advanceAsync(1_000);
  expect(gateway.core.acceptWaitMs()).toBe(0);
  expect((await gateway.open()).closedWith).toBeUndefined();
});

it("spreads its farewells over drainMs, in no order a client could foresee", async () => {
  const gateway = await testGateway();
  const peers = await Promise.all(Array.from({ length: 100 }, () => gateway.open()));
  const closing = gateway.core.close({ drainMs: 10_000 });
  const closed: number[] = [];
  for (let second = 0; second < 10; second++) {
    closed.push(peers.filter((peer) => peer.closedWith !== undefined).length);
    await gateway.clock.advanceAsync(1_000);
  }
  await closing;
  for (const [second, count] of closed.entries()) {
    expect(count).toBeGreaterThanOrEqual(second * 10 - 1);
    expect(count).toBeLessThanOrEqual(second * 10 + 12);
  }
  for (const peer of peers) {
    expect(peer.closedWith).toMatchObject({ code: 4000 });
    const { retryAfterMs, spreadMs } = peer.last("disconnect");
    expect([retryAfterMs, spreadMs]).toEqual([expect.any(Number), expect.any(Number)]);
  }
});
