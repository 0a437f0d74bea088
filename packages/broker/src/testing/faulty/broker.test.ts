import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import { describe, expect, test } from "vitest";
import {
  type BrokerLink,
  type HistoryPage,
  isFailure,
  type PublishOutcome,
} from "../../contract.js";
import { Heard, offsets, roomy } from "../bench.js";
import { createFaultyMemoryBroker, type FaultyMemoryOptions } from "./broker.js";

function setUp(options: Partial<FaultyMemoryOptions> = {}) {
  const clock = new VirtualClock();
  const broker = createFaultyMemoryBroker({ clock, random: new SeededRandom(3), ...options });
  const station = (gateway: string) => {
    const heard = new Heard();
    return { heard, link: broker.connect(gateway, heard) };
  };
  return { clock, broker, one: station("g1"), two: station("g2") };
}

const send = (link: BrokerLink, data: unknown, more = {}) =>
  link.publish({ channel: "a:b", data, timeMs: 1, history: roomy, ...more });

async function page(link: BrokerLink): Promise<HistoryPage> {
  const read = await link.read({ channel: "a:b", after: 0, maxCount: 100, maxBytes: 100_000 });
  if (isFailure(read)) throw new Error(read.code);
  return read;
}

/** The outcome of a promise once it has settled. */
function outcomeOf(result: PublishOutcome | Promise<PublishOutcome>): { now?: PublishOutcome } {
  const box: { now?: PublishOutcome } = {};
  void Promise.resolve(result).then((outcome) => {
    box.now = outcome;
  });
  return box;
}

describe("the faulty memory engine's relay", () => {
  test("delays messages without ever reordering a channel on its way to one link", () => {
    const random = new SeededRandom(11);
    const { clock, one, two } = setUp({ relay: () => ({ delayMs: random.next() * 100 }) });
    for (const { link } of [one, two]) link.follow("a:b", { presence: true });
    for (let n = 1; n <= 50; n += 1) {
      send(one.link, n);
      one.link.enter("a:b", { id: "m", data: n });
      clock.advance(random.next() < 0.5 ? 0 : 7);
    }
    clock.advance(100);
    for (const { heard } of [one, two]) {
      expect(heard.offsets("a:b")).toEqual(offsets(1, 50));
      expect(heard.presence.map((event) => event.version)).toEqual(offsets(1, 50));
    }
  });

  test("drops the messages it is told to drop, and only those", () => {
    const dropped = (gateway: string) => gateway === "g2";
    const { one, two } = setUp({
      relay: ({ gateway }) => (dropped(gateway) ? "drop" : { delayMs: 0 }),
    });
    for (const { link } of [one, two]) link.follow("a:b", { presence: false });
    send(one.link, 1);
    expect([one.heard.offsets("a:b"), two.heard.offsets("a:b")]).toEqual([[1], []]);
  });

  test("loses what is under way when it is cut", () => {
    const { clock, broker, one } = setUp({ relay: () => ({ delayMs: 50 }) });
    one.link.follow("a:b", { presence: false });
    send(one.link, 1);
    clock.advance(10);
    broker.cutRelay();
    broker.mendRelay();
    send(one.link, 2);
    clock.advance(100);
    expect(one.heard.offsets("a:b")).toEqual([2]);
  });

  test("gives the same run for the same seed", () => {
    const run = () => {
      const random = new SeededRandom(5);
      const { clock, one, two } = setUp({
        relay: () => (random.next() < 0.2 ? "drop" : { delayMs: random.next() * 40 }),
      });
      for (const { link } of [one, two]) link.follow("a:b", { presence: false });
      for (let n = 1; n <= 40; n += 1) {
        send(n % 2 ? one.link : two.link, n);
        clock.advance(3);
      }
      clock.advance(100);
      return [one.heard.entries, two.heard.entries];
    };
    expect(run()).toEqual(run());
    expect(run()[0]?.length).toBeLessThan(40);
  });
});

describe("the faulty memory engine's operations", () => {
  test("keep their order on one link whatever their delays", async () => {
    const delays = [40, 5, 0, 20];
    const { clock, one } = setUp({ operations: () => ({ delayMs: delays.shift() ?? 0 }) });
    const sent = [1, 2, 3, 4].map((n) => send(one.link, n));
    await clock.advanceAsync(100);
    const outcomes = await Promise.all(sent);
    expect(outcomes.map((outcome) => outcome.ok && outcome.offset)).toEqual([1, 2, 3, 4]);
  });

  test("report an answer that was lost as unknown, though the entry was appended", async () => {
    let lost: "request" | "reply" | undefined = "reply";
    const { clock, one, two } = setUp({
      operations: (gateway, operation) =>
        gateway === "g1" && operation === "publish" && lost !== undefined ? { lost } : undefined,
    });
    const key = { key: { scope: "u", value: "k" } };
    const first = outcomeOf(send(one.link, 1, key));
    lost = "request";
    const second = outcomeOf(send(one.link, 2));
    await clock.advanceAsync(4_999);
    expect([first.now, second.now]).toEqual([undefined, undefined]);
    await clock.advanceAsync(1);
    expect(first.now).toMatchObject({ code: "timeout", unknown: true });
    expect(second.now).toMatchObject({ code: "timeout", unknown: true });
    expect((await page(two.link)).entries.map((entry) => entry.data)).toEqual([1]);
    lost = undefined;
    expect(await send(one.link, 1, key)).toMatchObject({ ok: true, offset: 1, duplicate: true });
  });

  test("under way when the engine becomes unreachable end unknown", async () => {
    const { clock, broker, one } = setUp({ operations: () => ({ delayMs: 10, replyDelayMs: 10 }) });
    const carriedOut = outcomeOf(send(one.link, 1));
    await clock.advanceAsync(15);
    const notYet = outcomeOf(send(one.link, 2));
    broker.restart();
    await clock.advanceAsync(100);
    expect(carriedOut.now).toMatchObject({ code: "unavailable", unknown: true });
    expect(notYet.now).toMatchObject({ code: "unavailable", unknown: true });
  });

  test("are refused as definitely not carried out while the engine is unreachable", async () => {
    const { broker, one, two } = setUp();
    broker.pause("g1");
    expect(await send(one.link, 1)).toEqual(
      expect.objectContaining({ code: "unavailable", retryable: true }),
    );
    expect(await send(one.link, 1)).not.toHaveProperty("unknown");
    expect(await send(two.link, 2)).toMatchObject({ ok: true, offset: 1 });
    expect([one.heard.availability, two.heard.availability]).toEqual([[false], []]);
  });
});

describe("the faulty memory engine's recoveries", () => {
  test("a failover begins new epochs with lineage up to what the replica has", async () => {
    const { broker, one } = setUp();
    one.link.follow("a:b", { presence: false });
    const before = await page(one.link);
    for (const n of offsets(1, 5)) send(one.link, n);
    broker.failover(2);
    const after = await page(one.link);
    expect(after.lineage).toEqual([{ parent: before.epoch, upTo: 3 }]);
    expect(after).toMatchObject({ top: 3 });
    expect([one.heard.availability, one.heard.gaps]).toEqual([[false, true], 1]);
    expect(await send(one.link, "next")).toMatchObject({ epoch: after.epoch, offset: 4 });
    expect(one.heard.offsets("a:b")).toEqual([1, 2, 3, 4, 5, 4]);
  });

  test("an older backup comes back in new epochs whose lineage ends where the backup did", async () => {
    const { broker, one } = setUp();
    for (const n of offsets(1, 3)) send(one.link, n);
    const before = await page(one.link);
    const backup = broker.backup();
    for (const n of offsets(4, 6)) send(one.link, n, { key: { scope: "u", value: `k${n}` } });
    one.link.publish({ channel: "a:later", data: 1, timeMs: 1, history: roomy });
    broker.restore(backup);
    const after = await page(one.link);
    expect(after.entries).toEqual(before.entries);
    expect(after.lineage).toEqual([{ parent: before.epoch, upTo: 3 }]);
    expect(await send(one.link, 4, { key: { scope: "u", value: "k4" } })).toMatchObject({
      duplicate: false,
      offset: 4,
    });
    expect(await one.link.heads(["a:later"])).toMatchObject([{ offset: 0 }]);
    broker.restore(backup);
    expect((await page(one.link)).entries).toEqual(before.entries);
  });

  test("a session whose entries are lost begins anew, and its ended generations stay ended", async () => {
    const { broker, one } = setUp();
    const of = (generation: number, seq: number) => ({ session: { id: "s", seq, generation } });
    await send(one.link, 1, of(0, 1));
    await send(one.link, 2, of(1, 1));
    await send(one.link, 3, of(1, 2));
    broker.failover(2);
    expect(await send(one.link, "late", of(0, 2))).toMatchObject({ code: "out_of_order" });
    expect(await send(one.link, 4, of(1, 3))).toMatchObject({ code: "out_of_order" });
    expect(await send(one.link, 4, of(2, 1))).toMatchObject({ ok: true, offset: 2 });
  });

  test("a gateway out of reach for a lease loses its members and registers them again, but not those that moved", async () => {
    const { clock, broker, one, two } = setUp();
    two.link.follow("a:b", { presence: true });
    for (const id of ["a", "moved", "left"]) one.link.enter("a:b", { id });
    broker.pause("g1");
    clock.advance(20_000);
    two.link.enter("a:b", { id: "moved" });
    one.link.leave("a:b", "left", { grace: false });
    clock.advance(20_000);
    expect(two.heard.changes().slice(3)).toEqual(["leave a", "leave left"]);
    broker.resume("g1");
    expect(two.heard.changes().slice(5)).toEqual(["enter a"]);
    one.link.leave("a:b", "moved", { grace: false });
    expect(await two.link.presence("a:b", 10)).toMatchObject({
      members: [{ id: "moved" }, { id: "a" }],
    });
  });

  test("a member that left while its entry was under way is not registered again", async () => {
    let delayMs = 0;
    const { clock, broker, one, two } = setUp({
      operations: (_gateway, operation) => (operation === "enter" ? { delayMs } : undefined),
    });
    two.link.follow("a:b", { presence: true });
    delayMs = 100;
    void one.link.enter("a:b", { id: "a" });
    one.link.leave("a:b", "a", { grace: false });
    await clock.advanceAsync(1_000);
    broker.failover(0);
    await clock.advanceAsync(60_000);
    expect(await two.link.presence("a:b", 10)).toMatchObject({ count: 0 });
  });

  test("a gateway out of reach for less than a lease shows nothing", () => {
    const { clock, broker, one, two } = setUp();
    two.link.follow("a:b", { presence: true });
    one.link.enter("a:b", { id: "a" });
    broker.pause("g1");
    clock.advance(29_000);
    broker.resume("g1");
    clock.advance(60_000);
    expect(two.heard.changes()).toEqual(["enter a"]);
  });
});
