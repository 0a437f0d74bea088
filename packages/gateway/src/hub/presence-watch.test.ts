import { createFaultyMemoryBroker } from "@holdfast/broker/testing";
import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { type FakeTransport, testGateway } from "../testing/harness.js";

const channel = "chat:lobby";
const intervalMs = 1_000;

/** A channel whose changes are told up to ten members, with somebody who watches. */
async function scene() {
  const gateway = await testGateway({
    settings: { maxPresenceEventMembers: 10, presenceCountIntervalMs: intervalMs },
  });
  const { broker, clock } = gateway;
  const link = await broker.connect("elsewhere", {
    onEntry: () => {},
    onEphemeral: () => {},
    onPresence: () => {},
    onRelayGap: () => {},
    onAvailability: () => {},
    onCommand: () => {},
  });
  const enter = async (from: number, to: number) => {
    for (let n = from; n <= to; n += 1) await link.enter(channel, { id: `m${n}` });
    await gateway.settle();
  };
  const leave = async (from: number, to: number) => {
    for (let n = from; n <= to; n += 1) link.leave(channel, `m${n}`, { grace: false });
    await gateway.settle();
  };
  const watch = async () => {
    const watcher = await gateway.open();
    watcher.send({ type: "presence", id: 9, channel, watch: true });
    await gateway.settle();
    return watcher;
  };
  return { gateway, clock, enter, leave, watch, watcher: await watch() };
}

const counts = (watcher: FakeTransport) =>
  watcher
    .take()
    .flatMap((message) =>
      message.type === "presence" && message.countOnly ? [message.count] : [],
    );

describe("presence beyond the bound on changes", () => {
  it("tells each change up to the bound, then the count, at most once in the interval", async () => {
    const { clock, enter, watcher } = await scene();
    await enter(1, 10);
    expect(watcher.of("presence_change")).toHaveLength(10);
    watcher.take();
    await enter(11, 60);
    expect(watcher.of("presence_change")).toEqual([]);
    expect(counts(watcher)).toEqual([11]);
    await clock.advanceAsync(intervalMs);
    expect(counts(watcher)).toEqual([60]);
    await clock.advanceAsync(3 * intervalMs);
    expect(counts(watcher)).toEqual([]);
  });

  it("gives who comes then the count and no members; who only asks gets the list", async () => {
    const { gateway, enter, watch } = await scene();
    await enter(1, 20);
    const late = await watch();
    expect(late.last("presence")).toMatchObject({ id: 9, members: [], count: 20, countOnly: true });
    const curious = await gateway.open();
    curious.send({ type: "presence", id: 3, channel });
    await gateway.settle();
    expect(curious.last("presence").members).toHaveLength(20);
    expect(curious.last("presence")).not.toHaveProperty("countOnly");
  });

  it("sends the whole list and then changes again once clearly fewer are present", async () => {
    const { clock, enter, leave, watcher } = await scene();
    await enter(1, 12);
    await leave(1, 2);
    await clock.advanceAsync(intervalMs);
    // At the bound, and not yet below it.
    expect(watcher.last("presence")).toMatchObject({ count: 10, countOnly: true });
    await leave(3, 3);
    await clock.advanceAsync(intervalMs);
    expect(watcher.last("presence")).not.toHaveProperty("countOnly");
    expect(watcher.last("presence").members).toHaveLength(9);
    watcher.take();
    await enter(50, 50);
    expect(watcher.of("presence_change")).toHaveLength(1);
  });

  it("begins with the count where it is the first to watch, and counts nothing once nobody does", async () => {
    const { gateway, clock, enter, watcher, watch } = await scene();
    await enter(1, 20);
    watcher.send({ type: "presence", channel, watch: false });
    await gateway.settle();
    await enter(21, 30);
    await clock.advanceAsync(2 * intervalMs);
    const first = await watch();
    expect(first.last("presence")).toMatchObject({ members: [], count: 30, countOnly: true });
  });
});

it("who enters while the first list is on its way is shown to who asked for it", async () => {
  const clock = new VirtualClock();
  const broker = createFaultyMemoryBroker({
    clock,
    random: new SeededRandom(5),
    operations: (_gateway, operation) =>
      operation === "presence" ? { replyDelayMs: 1_000 } : undefined,
  });
  const gateway = await testGateway({ clock, broker });
  const [watcher, member] = [await gateway.open(), await gateway.open()];
  watcher.send({ type: "presence", id: 9, channel, watch: true });
  await clock.advanceAsync(100);
  member.send({ type: "presence_enter", channel });
  await clock.advanceAsync(5_000);
  expect(watcher.of("presence").map(({ count }) => count)).toEqual([0, 1]);
});
