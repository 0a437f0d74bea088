import { type BrokerLink, createMemoryBroker, type HistoryQuery } from "@holdfast/broker";
import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { type FakeTransport, type TestGateway, testGateway } from "../testing/harness.js";

const CHANNEL = "chat:long";
const history = { maxCount: 200_000, maxBytes: 1_000_000_000, maxAgeMs: 86_400_000 };
const channels = { "chat:*": { history } };

const offsetsOf = (peer: FakeTransport) => peer.of("publication").map((each) => each.offset);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

async function fill(gateway: TestGateway, count: number, data: unknown = "x"): Promise<void> {
  for (let i = 0; i < count; i++) await gateway.core.publish(CHANNEL, { data });
}

async function begin(gateway: TestGateway): Promise<unknown> {
  const first = await gateway.open();
  first.send({ type: "subscribe", channel: CHANNEL });
  await gateway.settle();
  first.drop();
  return first.last("subscribed").position;
}

/** A memory engine that counts its reads and answers them only when let. */
function countingBroker(clock: VirtualClock) {
  const broker = createMemoryBroker({ clock, random: new SeededRandom(2) });
  const reads: HistoryQuery[] = [];
  const held: (() => void)[] = [];
  let holding = false;
  return {
    reads,
    hold: () => {
      holding = true;
    },
    release: () => {
      holding = false;
      for (const answer of held.splice(0)) answer();
    },
    broker: {
      capabilities: broker.capabilities,
      close: () => broker.close(),
      connect: (name: string, listener: Parameters<typeof broker.connect>[1]) => {
        const link = broker.connect(name, listener) as BrokerLink;
        return new Proxy(link, {
          get(target, key) {
            const value: unknown = Reflect.get(target, key, target);
            if (key !== "read") return typeof value === "function" ? value.bind(target) : value;
            return (query: HistoryQuery) => {
              reads.push(query);
              if (!holding) return target.read(query);
              const page = target.read(query);
              return new Promise((resolve) => held.push(() => resolve(page)));
            };
          },
        });
      },
    },
  };
}

describe("the position that the newest publications begin after", () => {
  const bounds = { ...history, maxCount: 20 };

  it.each([1, 2, 5, 10, 19])(
    "has its witness, whether the ring or history holds it: last %d",
    async (last) => {
      const settings = { hubRingEntries: 10, replayPageEntries: 4, unfollowDelayMs: 0 };
      const gateway = await testGateway({ channels: { "chat:*": { history: bounds } }, settings });
      const ids: string[] = [];
      const publish = async (count: number) => {
        for (let i = 0; i < count; i++) {
          const published = await gateway.core.publish(CHANNEL, { data: "x" });
          if (published.ok && "id" in published) ids.push(published.id);
        }
      };
      const witness = async () => {
        const peer = await gateway.open();
        peer.send({ type: "subscribe", channel: CHANNEL, last });
        await gateway.settle();
        const { position = { epoch: "", offset: 0 }, top = 0 } = peer.last("subscribed");
        expect(position.offset).toBe(top - last);
        expect(offsetsOf(peer)).toEqual(upTo(top).slice(-last));
        return { found: position.id, expected: ids[position.offset - 1] };
      };
      await publish(25);
      const first = await witness();
      expect(first.found).toBe(first.expected);
      // Followed from here on, so that the ring holds some of what is wanted.
      const live = await gateway.open();
      live.send({ type: "subscribe", channel: CHANNEL });
      await gateway.settle();
      for (const count of [1, 1, 8]) {
        await publish(count);
        const { found, expected } = await witness();
        expect(found).toBe(expected);
      }
    },
  );

  it("has none where that publication is retained no longer, and is resumed all the same", async () => {
    const gateway = await testGateway({ channels: { "chat:*": { history: bounds } } });
    await fill(gateway, 25);
    const peer = await gateway.open();
    peer.send({ type: "subscribe", channel: CHANNEL, last: 20 });
    await gateway.settle();
    const { position } = peer.last("subscribed");
    expect(position).toEqual({ epoch: expect.any(String), offset: 5 });
    const again = await gateway.open();
    again.send({ type: "subscribe", channel: CHANNEL, position });
    await gateway.settle();
    expect(again.last("subscribed")).toMatchObject({ resumed: true, position });
    expect(offsetsOf(again)).toEqual(upTo(25).slice(5));
  });
});

describe("a long replay", () => {
  it("gives 100,000 publications through a queue that keeps its bound, while another one passes it", async () => {
    const gateway = await testGateway({ channels, settings: { unfollowDelayMs: 0 } });
    const position = await begin(gateway);
    await fill(gateway, 100_000);
    const long = await gateway.open();
    let most = 0;
    const write = long.write.bind(long);
    long.write = (frames) => {
      most = Math.max(most, long.bufferedBytes);
      write(frames);
    };
    long.stall(true);
    long.send({ type: "subscribe", channel: CHANNEL, position });
    await gateway.settle();
    const short = await gateway.open();
    short.send({ type: "subscribe", channel: CHANNEL, last: 500 });
    let shortDoneAt = 0;
    for (let turns = 0; offsetsOf(long).length < 100_000 && turns < 20_000; turns++) {
      long.stall(false);
      long.stall(true);
      await gateway.clock.advanceAsync(1);
      if (shortDoneAt === 0 && offsetsOf(short).at(-1) === 100_000) {
        shortDoneAt = offsetsOf(long).length;
      }
    }
    expect(offsetsOf(long)).toEqual(upTo(100_000));
    expect(most).toBeLessThan(2 * 262_144);
    expect(offsetsOf(short)).toEqual(upTo(100_000).slice(-500));
    expect(shortDoneAt).toBeGreaterThan(0);
    expect(shortDoneAt).toBeLessThan(50_000);
    expect(gateway.meter.value("holdfast_resets_total") ?? 0).toBe(0);
  }, 60_000);

  it("goes on when its reader pauses for so long that the ring has let go what follows", async () => {
    const gateway = await testGateway({ channels, settings: { hubRingEntries: 4 } });
    const live = await gateway.open();
    live.send({ type: "subscribe", channel: CHANNEL });
    const position = await begin(gateway);
    await fill(gateway, 10, "x".repeat(40_000));
    const peer = await gateway.open();
    peer.stall(true);
    peer.send({ type: "subscribe", channel: CHANNEL, position });
    await gateway.settle();
    await fill(gateway, 40, "x".repeat(40_000));
    for (let i = 0; i < 60; i++) {
      peer.stall(false);
      peer.stall(true);
      await gateway.clock.advanceAsync(10);
    }
    expect(offsetsOf(peer)).toEqual(upTo(50));
    await gateway.core.publish(CHANNEL, { data: "live" });
    peer.stall(false);
    await gateway.settle();
    expect(offsetsOf(peer)).toEqual(upTo(51));
    expect(peer.of("reset")).toEqual([]);
  });

  it("goes on from history after a page that ended at the head and a pause in which the ring moved on", async () => {
    const clock = new VirtualClock();
    const { broker, hold, release } = countingBroker(clock);
    const settings = { hubRingEntries: 4, maxOutboundBytes: 200_000 };
    const gateway = await testGateway({ channels, clock, broker, settings });
    const position = await begin(gateway);
    const live = await gateway.open();
    live.send({ type: "subscribe", channel: CHANNEL });
    await gateway.settle();
    await fill(gateway, 6);
    const peer = await gateway.open();
    peer.stall(true);
    hold();
    peer.send({ type: "subscribe", channel: CHANNEL, position });
    await gateway.settle();
    await fill(gateway, 4, "x".repeat(60_000));
    release();
    await gateway.settle();
    expect(offsetsOf(peer).length).toBeLessThan(9);
    await fill(gateway, 4);
    for (let i = 0; i < 5; i++) {
      peer.stall(false);
      await gateway.settle();
    }
    expect(offsetsOf(peer)).toEqual(upTo(14));
    expect(peer.of("reset")).toEqual([]);
  });

  it("is ended with a retryable code when its reader takes nothing, and gives its share back", async () => {
    const settings = { maxReplayBytes: 262_144, replayStallMs: 5_000 };
    const gateway = await testGateway({ channels, settings });
    const position = await begin(gateway);
    await fill(gateway, 600, "x".repeat(2_000));
    const stuck = await gateway.open();
    stuck.stall(true);
    stuck.send({ type: "subscribe", channel: CHANNEL, position });
    await gateway.settle();
    const other = await gateway.open();
    other.send({ type: "subscribe", channel: CHANNEL, position });
    await gateway.settle();
    expect(offsetsOf(other)).toEqual([]);
    await gateway.clock.advanceAsync(5_100);
    expect(stuck.closedWith).toMatchObject({ code: 4001 });
    expect(offsetsOf(other)).toEqual(upTo(600));
  });
});

describe("many replays at once", () => {
  it("share one read per page and one that begins after what was acknowledged meanwhile", async () => {
    const clock = new VirtualClock();
    const { broker, reads, hold, release } = countingBroker(clock);
    const gateway = await testGateway({ channels, clock, broker });
    const position = await begin(gateway);
    await clock.advanceAsync(10_000);
    await fill(gateway, 300);
    hold();
    reads.length = 0;
    const peers = await Promise.all(Array.from({ length: 50 }, () => gateway.open()));
    for (const peer of peers) peer.send({ type: "subscribe", channel: CHANNEL, position });
    await gateway.settle();
    expect(reads.length).toBe(1);
    await fill(gateway, 1);
    const late = await gateway.open();
    late.send({ type: "subscribe", channel: CHANNEL, position });
    await gateway.settle();
    release();
    await clock.advanceAsync(100);
    for (const peer of peers) expect(offsetsOf(peer)).toEqual(upTo(301));
    expect(late.last("subscribed")).toMatchObject({ top: 301, resumed: true });
    expect(offsetsOf(late)).toEqual(upTo(301));
    expect(reads.length).toBeLessThanOrEqual(6);
  });

  it("beyond the rate are asked to wait, with a time; later they are served", async () => {
    const gateway = await testGateway({ channels, settings: { resumesPerSecond: 3 } });
    const position = await begin(gateway);
    await gateway.clock.advanceAsync(10_000);
    await fill(gateway, 3);
    const peers = await Promise.all(Array.from({ length: 5 }, () => gateway.open()));
    for (const peer of peers) peer.send({ type: "subscribe", id: 7, channel: CHANNEL, position });
    await gateway.settle();
    const refused = peers.filter((peer) => peer.of("error").length > 0);
    // The first one's follow fills the ring for nobody: all read history.
    expect(refused.length).toBe(2);
    for (const peer of refused) {
      const error = peer.last("error");
      expect(error).toMatchObject({ id: 7, code: "busy", retryable: true });
      expect(error.retryAfterMs).toBeGreaterThanOrEqual(1_000);
      await gateway.clock.advanceAsync(error.retryAfterMs ?? 0);
      peer.send({ type: "subscribe", id: 8, channel: CHANNEL, position });
      await gateway.settle();
      expect(offsetsOf(peer)).toEqual(upTo(3));
    }
  });

  it("beyond the number that may wait are refused as busy", async () => {
    const clock = new VirtualClock();
    const { broker, hold, release } = countingBroker(clock);
    const gateway = await testGateway({
      channels,
      clock,
      broker,
      settings: { maxWaitingReplays: 2 },
    });
    const position = await begin(gateway);
    await clock.advanceAsync(10_000);
    await fill(gateway, 3);
    hold();
    const peers = await Promise.all(Array.from({ length: 3 }, () => gateway.open()));
    for (const peer of peers) peer.send({ type: "subscribe", channel: CHANNEL, position });
    await gateway.settle();
    expect(peers.map((peer) => peer.of("error").map((each) => each.code))).toEqual([
      [],
      [],
      ["busy"],
    ]);
    release();
    await clock.advanceAsync(10);
    expect(offsetsOf(peers[1]!)).toEqual(upTo(3));
  });
});
