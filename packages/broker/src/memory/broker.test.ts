import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import { describe, expect, test } from "vitest";
import {
  type BrokerListener,
  type HistoryPage,
  isFailure,
  type PublishRequest,
} from "../contract.js";
import { createMemoryBroker } from "./broker.js";
import { Channel } from "./channel.js";
import { type MemoryBrokerOptions, resolveLimits } from "./options.js";

const history = { maxCount: 100, maxBytes: 100_000, maxAgeMs: 60_000 };

function setUp(options: Partial<MemoryBrokerOptions> = {}) {
  const clock = new VirtualClock();
  const broker = createMemoryBroker({ clock, random: new SeededRandom(1), ...options });
  return { clock, broker };
}

function recorder() {
  const calls: string[] = [];
  const listener: BrokerListener = {
    onEntry: (channel, _epoch, entry) => calls.push(`${channel} ${entry.offset}`),
    onEphemeral: (sent) => calls.push(`${sent.channel} ephemeral`),
    onPresence: (event) => calls.push(`${event.action} ${event.member.id} v${event.version}`),
    onRelayGap: () => calls.push("gap"),
    onAvailability: (now) => calls.push(`available ${now}`),
    onCommand: (command) => calls.push(`command ${command.id}`),
  };
  return { calls, listener };
}

const entry = (channel: string, more: Partial<PublishRequest> = {}): PublishRequest => ({
  channel,
  data: { n: 1 },
  timeMs: 1_000,
  history,
  ...more,
});

function pageOf(page: unknown): HistoryPage {
  if (isFailure(page)) throw new Error(page.code);
  return page as HistoryPage;
}

describe("the memory engine's own bounds", () => {
  test("a channel nobody follows is evicted to make room once idle for the key window, and its epoch ends", () => {
    const { clock, broker } = setUp({ maxChannels: 2 });
    const link = broker.connect("g1", recorder().listener);
    const first = link.publish(entry("a:1"));
    link.publish(entry("a:2"));
    expect(link.publish(entry("a:3"))).toMatchObject({ ok: false, code: "busy" });
    clock.advance(120_000);
    expect(link.publish(entry("a:3"))).toMatchObject({ ok: true, offset: 1 });
    const again = pageOf(link.read({ channel: "a:1", after: 0, maxCount: 1, maxBytes: 1 }));
    expect(again.epoch).not.toBe(first.ok && first.epoch);
    broker.close();
  });

  test("a followed channel is never evicted", () => {
    const { clock, broker } = setUp({ maxChannels: 1 });
    const link = broker.connect("g1", recorder().listener);
    const head = link.follow("a:1", { presence: false });
    clock.advance(10 * 3_600_000);
    expect(link.publish(entry("a:2"))).toMatchObject({ ok: false, code: "busy" });
    expect(link.follow("a:1", { presence: false })).toEqual(head);
    broker.close();
  });

  test("an idle channel that retains nothing is swept away", () => {
    const { clock, broker } = setUp({ channelIdleMs: 700_000 });
    const link = broker.connect("g1", recorder().listener);
    const first = link.publish(entry("a:1"));
    clock.advance(800_000);
    const page = pageOf(link.read({ channel: "a:1", after: 0, maxCount: 1, maxBytes: 1 }));
    expect(page).toMatchObject({ top: 0, first: 1 });
    expect(page.epoch).not.toBe(first.ok && first.epoch);
    broker.close();
  });

  test("keys past the bound are refused rather than an old one forgotten", () => {
    const { clock, broker } = setUp({ maxKeysPerChannel: 1 });
    const link = broker.connect("g1", recorder().listener);
    const one = entry("a:1", { key: { scope: "u", value: "k1" } });
    const two = entry("a:1", { key: { scope: "u", value: "k2" } });
    expect(link.publish(one)).toMatchObject({ ok: true, duplicate: false });
    clock.advance(20_000);
    expect(link.publish(two)).toMatchObject({ ok: false, code: "busy", retryAfterMs: 100_000 });
    expect(link.publish(one)).toMatchObject({ ok: true, duplicate: true });
    clock.advance(100_000);
    expect(link.publish(two)).toMatchObject({ ok: true, offset: 2 });
    broker.close();
  });

  test("a snapshot whose deltas outgrow the pinned bytes is dropped instead of left without its deltas", () => {
    const { broker } = setUp({ maxPinnedBytes: 400 });
    const link = broker.connect("g1", recorder().listener);
    const small = entry("a:1", { history: { ...history, maxCount: 2 }, data: "x".repeat(98) });
    const first = link.publish(small);
    if (!first.ok) throw new Error(first.code);
    const { epoch, offset, id } = first;
    expect(link.storeSnapshot("a:1", { position: { epoch, offset, id }, state: 1 })).toBe(true);
    for (let n = 0; n < 3; n += 1) link.publish(small);
    expect(link.loadSnapshot("a:1")).toMatchObject({ state: 1 });
    link.publish(small);
    link.publish(small);
    expect(link.loadSnapshot("a:1")).toBeNull();
    const page = pageOf(link.read({ channel: "a:1", after: 0, maxCount: 10, maxBytes: 10_000 }));
    expect(page).toMatchObject({ top: 6, first: 5 });
    broker.close();
  });

  test("a pinned channel takes no more than fits until a snapshot is stored, and repeats are still answered", () => {
    const { broker } = setUp({ maxPinnedBytes: 300 });
    const link = broker.connect("g1", recorder().listener);
    const bounds = { ...history, maxCount: 1, maxBytes: 300 };
    const wish = (key: string) =>
      entry("a:1", {
        pinned: true,
        history: bounds,
        data: "x".repeat(98),
        key: { scope: "ann", value: key },
      });
    const outcomes = ["k1", "k2", "k3", "k4", "k1"].map((key) => link.publish(wish(key)));
    expect(outcomes.map((outcome) => (outcome.ok ? outcome.offset : outcome.code))).toEqual([
      1,
      2,
      3,
      "busy",
      1,
    ]);
    const [first] = outcomes;
    if (!first?.ok) throw new Error("refused");
    const { epoch, offset, id } = first;
    expect(link.storeSnapshot("a:1", { position: { epoch, offset, id }, state: 1 })).toBe(true);
    expect(link.publish(wish("k4"))).toMatchObject({ ok: true, offset: 4 });
    broker.close();
  });

  test("an option out of range is refused by name", () => {
    expect(() => setUp({ partitions: 0 })).toThrow("partitions must be an integer from 1 to 65536");
  });

  test("a listener that publishes from within its call does not reorder what others hear", () => {
    const { broker } = setUp();
    const other = recorder();
    const link = broker.connect("g1", {
      ...recorder().listener,
      onEntry: (_channel, _epoch, got) => {
        if (got.offset === 1) link.publish(entry("a:1"));
      },
    });
    link.follow("a:1", { presence: false });
    broker.connect("g2", other.listener).follow("a:1", { presence: false });
    link.publish(entry("a:1"));
    expect(other.calls).toEqual(["a:1 1", "a:1 2"]);
    broker.close();
  });

  test("data that is no JSON value, or nested beyond reason, is refused", () => {
    const { broker } = setUp();
    const link = broker.connect("g1", recorder().listener);
    let deep: unknown = 1;
    for (let n = 0; n < 200; n += 1) deep = [deep];
    expect(link.publish(entry("a:1", { data: deep }))).toMatchObject({ code: "invalid_data" });
    expect(link.publish(entry("a:1", { data: 1n }))).toMatchObject({ code: "invalid_data" });
    broker.close();
  });

  test("nothing is left to run after close", () => {
    const { clock, broker } = setUp();
    const link = broker.connect("g1", recorder().listener);
    link.enter("a:1", { id: "m" });
    link.leave("a:1", "m", { grace: true });
    broker.close();
    expect(clock.pendingTimers).toBe(0);
    expect(link.publish(entry("a:1"))).toMatchObject({ ok: false, code: "closed" });
  });
});

describe("the memory engine", () => {
  test("appends, fans out and answers repeats in one step", () => {
    const { broker } = setUp();
    const { calls, listener } = recorder();
    const link = broker.connect("g1", listener);
    link.follow("a:1", { presence: false });
    const keyed = entry("a:1", { key: { scope: "u", value: "k" }, session: { id: "s", seq: 1 } });
    const sent = link.publish(keyed);
    expect(sent).toMatchObject({ ok: true, offset: 1, duplicate: false });
    expect(link.publish(keyed)).toEqual({ ...sent, duplicate: true });
    expect(link.publish({ ...keyed, data: { n: 2 } })).toMatchObject({ code: "conflict" });
    expect(link.publish(entry("a:1", { session: { id: "s", seq: 3 } }))).toMatchObject({
      code: "out_of_order",
    });
    expect(calls).toEqual(["a:1 1"]);
    broker.close();
  });

  test("a member that comes back within the grace period shows neither event", () => {
    const { clock, broker } = setUp();
    const { calls, listener } = recorder();
    const link = broker.connect("g1", listener);
    link.follow("a:1", { presence: true });
    const old = broker.connect("g2", recorder().listener);
    old.enter("a:1", { id: "m" });
    old.close();
    clock.advance(9_999);
    link.enter("a:1", { id: "m" });
    clock.advance(20_000);
    expect(calls).toEqual(["enter m v1"]);
    link.leave("a:1", "m", { grace: true });
    clock.advance(10_000);
    expect(calls).toEqual(["enter m v1", "leave m v2"]);
    broker.close();
  });
});

test("a pinned channel that lost its only snapshot has nothing left that its state could go on from", () => {
  const clock = new VirtualClock();
  const channel = new Channel("a:1", resolveLimits({}), new SeededRandom(1), 0);
  const wish = entry("a:1", { pinned: true, history: { ...history, maxCount: 1 } });
  for (let n = 1; n <= 3; n += 1) channel.publish(wish, clock.monoMs());
  const { head } = channel;
  expect(channel.storeSnapshot({ position: head, state: 3 }, 0)).toBe(true);
  channel.publish(wish, 0);
  expect(channel.copy().snapshot).toEqual({ position: head, state: 3 });
  channel.loseAfter(2);
  const page = channel.read({ channel: "a:1", after: 0, maxCount: 9, maxBytes: 9_999 }, 0);
  expect(page).toMatchObject({ top: 0, first: 1, lineage: [], entries: [] });
  expect([page.epoch === head.epoch, channel.snapshot]).toEqual([false, undefined]);
});
