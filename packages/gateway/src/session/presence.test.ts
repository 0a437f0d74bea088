import { createFaultyMemoryBroker } from "@holdfast/broker/testing";
import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import { expect, test } from "vitest";
import { testGateway } from "../testing/harness.js";

test("an entry whose answer comes after its connection was replaced does not take the newer one's member out", async () => {
  const clock = new VirtualClock();
  let entries = 0;
  const broker = createFaultyMemoryBroker({
    clock,
    random: new SeededRandom(4),
    operations: (_gateway, operation) => {
      if (operation !== "enter") return undefined;
      entries += 1;
      return { replyDelayMs: entries === 1 ? 1_000 : 0 };
    },
  });
  const gateway = await testGateway({ clock, broker });
  const session = "a-session-of-one-client";
  const first = await gateway.open({ session, generation: 1 });
  const { member } = first.last("connected");
  first.send({ type: "presence_enter", id: 1, channel: "chat:a" });
  await gateway.settle();
  const second = await gateway.open({ session, generation: 2 });
  expect(second.last("connected").member).toBe(member);
  second.send({ type: "presence_enter", id: 1, channel: "chat:a" });
  await clock.advanceAsync(15_000);
  expect(second.last("presence_entered")).toMatchObject({ id: 1 });
  const watcher = await gateway.open();
  watcher.send({ type: "presence", id: 2, channel: "chat:a" });
  await gateway.settle();
  expect(watcher.last("presence").members.map(({ id }) => id)).toEqual([member]);
});

test.each([
  ["its first list is read", "presence"],
  ["its channel is not followed yet", "follow"],
])("a watch that is withdrawn while %s does not begin, and says so", async (_when, slow) => {
  const clock = new VirtualClock();
  let allowed = true;
  const broker = createFaultyMemoryBroker({
    clock,
    random: new SeededRandom(4),
    operations: (_gateway, operation) => (operation === slow ? { replyDelayMs: 1_000 } : undefined),
  });
  const gateway = await testGateway({
    clock,
    broker,
    authenticate: () => ({ user: "ada" }),
    authorize: () => allowed,
    settings: { authorizeRecheckMs: 0, authorizeCacheMs: 0 },
  });
  const watcher = await gateway.open({ token: "t" });
  watcher.send({ type: "presence", id: 9, channel: "chat:a", watch: true });
  await clock.advanceAsync(100);
  allowed = false;
  gateway.core.recheck({});
  await gateway.settle();
  allowed = true;
  await clock.advanceAsync(2_000);
  expect(watcher.of("presence_left")).toMatchObject([{ code: "forbidden" }]);
  expect(watcher.of("presence")).toEqual([]);
  expect(watcher.of("error")).toMatchObject([{ id: 9, code: "unavailable", retryable: true }]);
  watcher.send({ type: "presence", id: 10, channel: "chat:a", watch: true });
  await clock.advanceAsync(2_000);
  const member = await gateway.open({ token: "t" });
  member.send({ type: "presence_enter", id: 1, channel: "chat:a" });
  await clock.advanceAsync(2_000);
  expect(watcher.of("presence_change")).toMatchObject([{ action: "enter", version: 1 }]);
});
