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
