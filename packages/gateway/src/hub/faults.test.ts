import {
  createFaultyMemoryBroker,
  type FaultyMemoryBroker,
  type FaultyMemoryOptions,
} from "@holdfast/broker/testing";
import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import type { DownMessage, Position } from "@holdfast/protocol";
import { describe, expect, it } from "vitest";
import { type FakeTransport, type TestGateway, testGateway } from "../testing/harness.js";

const CHANNEL = "chat:a";
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const offsetsOf = (peer: FakeTransport) => peer.of("publication").map((each) => each.offset);

interface World {
  readonly clock: VirtualClock;
  readonly broker: FaultyMemoryBroker;
  gateway(name: string, settings?: object): Promise<TestGateway>;
}

function world(options: Partial<FaultyMemoryOptions> = {}): World {
  const clock = new VirtualClock();
  const broker = createFaultyMemoryBroker({ clock, random: new SeededRandom(9), ...options });
  let seed = 20;
  return {
    clock,
    broker,
    gateway: (name, settings = {}) =>
      testGateway({ clock, broker, gateway: name, random: new SeededRandom(seed++), settings }),
  };
}

async function subscribed(
  gateway: TestGateway,
  fields: Record<string, unknown> = {},
): Promise<FakeTransport> {
  const peer = await gateway.open();
  peer.send({ type: "subscribe", channel: CHANNEL, ...fields });
  await gateway.settle();
  return peer;
}

async function publish(gateway: TestGateway, ...data: unknown[]): Promise<void> {
  for (const each of data) await gateway.core.publish(CHANNEL, { data: each });
}

describe("what the relay loses", () => {
  it("is found on a channel that stays quiet, within 10 s, and filled in", async () => {
    const { clock, broker, gateway } = world();
    const [one, two] = [await gateway("g1"), await gateway("g2")];
    const peer = await subscribed(two);
    await clock.advanceAsync(7_000);
    broker.cutRelay("g2");
    await publish(one, 1, 2, 3);
    broker.mendRelay("g2");
    await clock.advanceAsync(10_000);
    expect(offsetsOf(peer)).toEqual([1, 2, 3]);
    expect(peer.of("reset")).toEqual([]);
  });

  it("is filled in, in order, when the next one shows the gap", async () => {
    let count = 0;
    const { clock, gateway } = world({
      relay: ({ gateway: name }) =>
        name === "g2" && ++count % 3 !== 0 ? "drop" : { delayMs: count % 5 },
    });
    const [one, two] = [await gateway("g1"), await gateway("g2")];
    const peer = await subscribed(two);
    for (const n of upTo(50)) {
      await publish(one, n);
      await clock.advanceAsync(3);
    }
    await clock.advanceAsync(10_000);
    expect(offsetsOf(peer)).toEqual(upTo(50));
  });

  it("is not missed between a slow follow and its confirmation", async () => {
    const { clock, gateway } = world({
      operations: (name, operation) =>
        name === "g2" && operation === "follow" ? { delayMs: 20, replyDelayMs: 200 } : undefined,
    });
    const [one, two] = [await gateway("g1"), await gateway("g2")];
    await publish(one, 1);
    const peer = await two.open();
    peer.send({ type: "subscribe", channel: CHANNEL });
    for (const n of upTo(400)) {
      await publish(one, n);
      await clock.advanceAsync(1);
    }
    await clock.advanceAsync(10_000);
    const { position } = peer.last("subscribed");
    const first = (position?.offset ?? 0) + 1;
    expect(offsetsOf(peer)).toEqual(upTo(401).slice(first - 1));
    expect(first).toBeLessThan(400);
  });
});

describe("a live subscription", () => {
  it("is reset when the engine lost a suffix it had seen, and goes on where it had not", async () => {
    const { clock, broker, gateway } = world();
    const [ahead, behind] = [await gateway("g1"), await gateway("g2")];
    const seer = await subscribed(ahead);
    const other = await subscribed(behind);
    await publish(ahead, 1, 2, 3);
    await clock.advanceAsync(10);
    broker.cutRelay("g2");
    await publish(ahead, 4, 5);
    broker.failover(2);
    broker.mendRelay("g2");
    await clock.advanceAsync(10_000);
    expect(seer.last("reset")).toMatchObject({ reason: "position_ahead", position: { offset: 3 } });
    expect(other.of("reset")).toEqual([]);
    const { epoch } = seer.last("reset").position;
    expect(other.last("subscribed")).toMatchObject({
      resumed: true,
      position: { epoch, offset: 3 },
    });
    await publish(ahead, "new 4");
    await clock.advanceAsync(10);
    for (const peer of [seer, other]) {
      expect(peer.of("publication").at(-1)).toMatchObject({ offset: 4, data: "new 4" });
    }
    expect(offsetsOf(other)).toEqual([1, 2, 3, 4]);
  });

  it("is reset when the engine comes back empty (abuse 24), and sees what was first appended then", async () => {
    const { clock, broker, gateway } = world();
    const [one, two] = [await gateway("g1"), await gateway("g2")];
    const peer = await subscribed(two);
    await publish(one, 1, 2);
    await clock.advanceAsync(10);
    broker.cutRelay("g2");
    broker.restart();
    await publish(one, "a", "b");
    broker.mendRelay("g2");
    await clock.advanceAsync(10_000);
    expect(peer.of("reset")).toEqual([
      expect.objectContaining({
        reason: "epoch_changed",
        position: expect.objectContaining({ offset: 0 }),
      }),
    ]);
    expect(peer.of("publication").map((each) => each.data)).toEqual([1, 2, "a", "b"]);
  });

  it("is reset once when history was trimmed past it (abuse 25) while it could not hear", async () => {
    const { clock, broker } = world();
    const channels = { "chat:*": { history: { maxCount: 3 } } };
    const make = (name: string) => testGateway({ clock, broker, gateway: name, channels });
    const [one, two] = [await make("g1"), await make("g2")];
    const peer = await subscribed(two);
    broker.cutRelay("g2");
    await publish(one, ...upTo(10));
    broker.mendRelay("g2");
    await clock.advanceAsync(10_000);
    expect(peer.of("reset").map((each) => each.reason)).toEqual(["history_trimmed"]);
    await publish(one, 11);
    await clock.advanceAsync(10);
    expect(offsetsOf(peer)).toEqual([11]);
  });

  it("survives an engine that is out of reach (abuse 27), which the gateway's readiness tells", async () => {
    const { clock, broker, gateway } = world();
    const one = await gateway("g1");
    const peer = await subscribed(one);
    await publish(one, 1);
    broker.pause();
    expect(one.core.ready).toBe(false);
    peer.send({ type: "publish", id: 1, channel: CHANNEL, data: 2 });
    peer.send({ type: "subscribe", id: 2, channel: "chat:b" });
    await clock.advanceAsync(20_000);
    expect(peer.of("error").map(({ id, code, retryable }) => [id, code, retryable])).toEqual([
      [1, "unavailable", true],
      [2, "unavailable", true],
    ]);
    broker.resume();
    expect(one.core.ready).toBe(true);
    await publish(one, 2);
    await clock.advanceAsync(10);
    expect(offsetsOf(peer)).toEqual([1, 2]);
  });
});

describe("a position", () => {
  it("resumes through two changes of epoch as far as their lineage reaches", async () => {
    const { broker, gateway } = world();
    const one = await gateway("g1", { unfollowDelayMs: 0 });
    const peer = await subscribed(one);
    const { position } = peer.last("subscribed");
    const epoch = position?.epoch ?? "";
    peer.drop();
    await publish(one, 1, 2, 3);
    const ids = await subscribed(one, { last: 3 });
    const [first, , third] = ids.of("publication");
    broker.failover(1);
    await publish(one, "3b");
    broker.failover(0);
    const at = (entry: typeof first) => ({
      position: { epoch, offset: entry?.offset, id: entry?.id },
    });
    const low = await subscribed(one, at(first));
    expect(low.last("subscribed")).toMatchObject({ resumed: true, top: 3 });
    expect(low.of("publication").map((each) => each.data)).toEqual([2, "3b"]);
    const high = await subscribed(one, at(third));
    expect(high.last("subscribed")).toMatchObject({ resumed: false, reason: "position_ahead" });
    expect(high.of("publication")).toEqual([]);
  });

  it.each([
    ["of another publication at its offset", { id: "forged00" }, "witness_mismatch"],
    ["of an epoch nobody knows", { epoch: "nobody" }, "epoch_changed"],
    ["beyond what there is", { offset: 99 }, "position_ahead"],
  ])("%s is reset", async (_name, change, reason) => {
    const { gateway } = world();
    const one = await gateway("g1");
    const peer = await subscribed(one);
    await publish(one, 1, 2);
    await one.settle();
    const { epoch } = peer.last("subscribed").position as Position;
    const { offset, id } = peer.of("publication")[0]!;
    const again = await subscribed(one, { position: { epoch, offset, id, ...change } });
    expect(again.last("subscribed")).toMatchObject({ resumed: false, reason });
    const later = await subscribed(await gateway("g2"), {
      position: { epoch, offset, id, ...change },
    });
    expect(later.last("subscribed")).toMatchObject({ resumed: false, reason });
  });
});

it("a late-comer is given what history holds, though the hub remembers more", async () => {
  const { clock, broker } = world();
  const channels = { "chat:*": { history: { maxCount: 3, maxAgeMs: 5_000 } } };
  const gateway = await testGateway({ clock, broker, channels });
  await subscribed(gateway);
  await publish(gateway, ...upTo(6));
  expect(offsetsOf(await subscribed(gateway, { last: 5 }))).toEqual([4, 5, 6]);
  await clock.advanceAsync(3_000);
  await publish(gateway, 7);
  await clock.advanceAsync(2_500);
  expect(offsetsOf(await subscribed(gateway, { last: 5 }))).toEqual([7]);
});

/** What an application that keeps its position has seen. */
class Reader {
  position: Position | undefined;
  readonly seen: number[] = [];
  readonly problems: string[] = [];

  take(messages: readonly DownMessage[]): void {
    for (const message of messages) {
      if (message.type === "subscribed") {
        if (this.position !== undefined && !message.resumed) this.problems.push("reset");
        if (this.position !== undefined && message.position?.offset !== this.position.offset) {
          this.problems.push(`resumed at ${message.position?.offset}, not ${this.position.offset}`);
        }
        this.position = message.position as Position;
      } else if (message.type === "reset") this.problems.push(`reset ${message.reason}`);
      else if (message.type === "publication" && this.position !== undefined) {
        const { offset, id } = message;
        if (offset !== this.position.offset + 1) {
          this.problems.push(`${offset} after ${this.position.offset}`);
        }
        this.seen.push(offset);
        this.position = { epoch: this.position.epoch, offset, id };
      }
    }
  }
}

async function storm(seed: number): Promise<{ problems: string[]; behind: number }> {
  const random = new SeededRandom(seed);
  const chance = (share: number) => random.next() < share;
  const { clock, broker } = world({
    relay: () => (chance(0.1) ? "drop" : { delayMs: random.next() * 80 }),
    operations: () =>
      chance(0.5) ? { delayMs: random.next() * 60, replyDelayMs: random.next() * 60 } : undefined,
  });
  const settings = {
    hubRingEntries: 1 + Math.floor(random.next() * 8),
    replayPageEntries: 1 + Math.floor(random.next() * 6),
    maxReplayBytes: 300_000,
    unfollowDelayMs: Math.floor(random.next() * 500),
    resumesPerSecond: 1_000,
  };
  const make = (gateway: string) => testGateway({ clock, broker, gateway, settings, random });
  const gateways = [await make("g1"), await make("g2")];
  const reader = new Reader();
  let peer: FakeTransport | undefined;
  let published = 0;
  for (let step = 0; step < 120; step++) {
    if (peer === undefined || peer.closedWith !== undefined || chance(0.15)) {
      if (peer !== undefined) {
        reader.take(peer.take());
        peer.drop();
      }
      peer = gateways[chance(0.5) ? 0 : 1]!.connect();
      const { position } = reader;
      peer.send({ type: "subscribe", channel: CHANNEL, ...(position ? { position } : {}) });
    }
    if (chance(0.2)) peer.stall(!peer.stalled);
    if (chance(0.1)) broker.cutRelay(chance(0.5) ? "g1" : "g2");
    if (chance(0.2)) broker.mendRelay();
    for (let i = random.next() * 6; i > 1; i--) {
      published++;
      void gateways[chance(0.5) ? 0 : 1]!.core.publish(CHANNEL, { data: "x".repeat(9_000) });
    }
    await clock.advanceAsync(random.next() * 150);
    reader.take(peer.take());
  }
  broker.mendRelay();
  peer?.stall(false);
  await clock.advanceAsync(30_000);
  if (peer !== undefined) reader.take(peer.take());
  for (const gateway of gateways) void gateway.core.close({ drainMs: 0 });
  return { problems: reader.problems, behind: published - (reader.position?.offset ?? -1) };
}

it("a reader that is cut, stalled and moved between gateways over a lossy relay misses nothing", async () => {
  const failures: unknown[] = [];
  for (let seed = 1; seed <= 60; seed++) {
    const { problems, behind } = await storm(seed);
    if (problems.length > 0 || behind !== 0) failures.push({ seed, problems, behind });
  }
  expect(failures).toEqual([]);
}, 60_000);
