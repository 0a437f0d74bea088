import { createFaultyMemoryBroker } from "@holdfast/broker/testing";
import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import type { Position, SnapshotRequest, StateSnapshot } from "@holdfast/protocol";
import { describe, expect, it } from "vitest";
import { type TestGateway, testGateway } from "../../testing/harness.js";

const CHANNEL = "doc:a";
const history = { maxCount: 5, maxBytes: 100_000, maxAgeMs: 86_400_000 };

/** An application that keeps a sum, and commits it together with the position of what it published. */
class Application {
  committed: StateSnapshot = { snapshot: 0 };
  asked = 0;
  gateway: TestGateway | undefined;
  answer: (request: SnapshotRequest) => StateSnapshot | Promise<StateSnapshot> = () =>
    this.committed;

  readonly handler = (request: SnapshotRequest) => {
    this.asked += 1;
    return this.answer(request);
  };

  async add(amount: number): Promise<void> {
    const published = this.gateway?.core.publish(CHANNEL, { data: amount });
    await this.gateway?.settle();
    const outcome = await published;
    if (outcome === undefined || !outcome.ok || "ephemeral" in outcome) throw new Error("refused");
    const { epoch, offset, id } = outcome;
    const snapshot = Number(this.committed.snapshot) + amount;
    this.committed = { snapshot, position: { epoch, offset, id } };
  }
}

async function world(settings = {}) {
  const clock = new VirtualClock();
  const broker = createFaultyMemoryBroker({ clock, random: new SeededRandom(9) });
  const application = new Application();
  const gateway = await testGateway({
    clock,
    broker,
    channels: { "doc:*": { history, state: { handler: application.handler } } },
    settings,
  });
  application.gateway = gateway;
  const subscribe = async (fields = {}) => {
    const peer = await gateway.open();
    peer.send({ type: "subscribe", id: 1, channel: CHANNEL, ...fields });
    await gateway.settle();
    return peer;
  };
  return { clock, broker, application, gateway, subscribe };
}

describe("a handler's state", () => {
  it("is followed by what was published after its position", async () => {
    const { application, gateway, subscribe } = await world();
    for (const amount of [1, 2, 3]) await application.add(amount);
    // Two more that the application has not committed yet.
    for (const data of [4, 5]) await gateway.core.publish(CHANNEL, { data });
    const peer = await subscribe();
    expect(peer.last("subscribed")).toMatchObject({
      mode: "handler",
      state: 6,
      position: application.committed.position,
      top: 5,
      resumed: false,
    });
    expect(peer.of("publication").map(({ offset, data }) => [offset, data])).toEqual([
      [4, 4],
      [5, 5],
    ]);
  });

  it("of a channel nobody has published to stands before the first publication", async () => {
    const { subscribe } = await world();
    const peer = await subscribe();
    expect(peer.last("subscribed")).toMatchObject({ state: 0, position: { offset: 0 }, top: 0 });
  });

  it("is asked for once, however many come, and again only when it is old", async () => {
    const { application, gateway, clock, subscribe } = await world();
    await application.add(1);
    let answer: (snapshot: StateSnapshot) => void = () => {};
    application.answer = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const peers = await Promise.all(Array.from({ length: 50 }, () => subscribe()));
    answer(application.committed);
    await gateway.settle();
    for (const peer of peers) expect(peer.last("subscribed").state).toBe(1);
    application.answer = () => application.committed;
    await application.add(1);
    const soon = await subscribe();
    expect([soon.last("subscribed").state, soon.of("publication").length]).toEqual([1, 1]);
    expect(application.asked).toBe(1);
    await clock.advanceAsync(1_001);
    expect((await subscribe()).last("subscribed").state).toBe(2);
    expect(application.asked).toBe(2);
  });

  it("survives the engine's loss: it stands before what the new life holds", async () => {
    const { application, broker, clock, gateway, subscribe } = await world();
    for (const amount of [1, 2]) await application.add(amount);
    const early = await subscribe();
    broker.wipe();
    await clock.advanceAsync(10_000);
    expect(early.last("reset")).toMatchObject({
      reason: "epoch_changed",
      state: 3,
      position: { offset: 0 },
    });
    await gateway.core.publish(CHANNEL, { data: 10 });
    await clock.advanceAsync(1_000);
    const late = await subscribe();
    expect(late.last("subscribed")).toMatchObject({ state: 3, position: { offset: 0 }, top: 1 });
    expect([early, late].map((peer) => peer.last("publication").data)).toEqual([10, 10]);
  });

  it("stands where the lives part when a failover lost what it had committed", async () => {
    const { application, broker, clock, subscribe } = await world();
    for (const amount of [1, 2, 3]) await application.add(amount);
    broker.failover(2);
    await clock.advanceAsync(10_000);
    const peer = await subscribe();
    expect(peer.last("subscribed")).toMatchObject({ state: 6, position: { offset: 1 }, top: 1 });
  });

  it("that is older than what is retained is asked for again, and not served without what follows", async () => {
    const { application, gateway, clock, subscribe } = await world();
    await application.add(1);
    const old = application.committed;
    for (const amount of [1, 1, 1, 1, 1, 1, 1]) await application.add(amount);
    let answers = [old, application.committed];
    application.answer = () => answers.shift() ?? old;
    expect((await subscribe()).last("subscribed")).toMatchObject({ state: 8 });
    await clock.advanceAsync(1_001);
    answers = [];
    const refused = await subscribe();
    expect(refused.of("subscribed")).toEqual([]);
    expect(refused.last("error")).toMatchObject({ code: "unavailable", retryable: true });
    expect(gateway.logger.of("snapshot handler failed").length).toBe(1);
  });

  it("resumes like any other channel, without asking", async () => {
    const { application, subscribe } = await world();
    await application.add(1);
    const position = application.committed.position as Position;
    await application.add(2);
    application.asked = 0;
    const peer = await subscribe({ position });
    expect(peer.last("subscribed")).toMatchObject({ resumed: true, mode: "handler" });
    expect("state" in peer.last("subscribed")).toBe(false);
    expect([peer.last("publication").data, application.asked]).toEqual([2, 0]);
  });
});

describe("a handler that", () => {
  it.each<[string, () => StateSnapshot | Promise<StateSnapshot>]>([
    [
      "throws",
      () => {
        throw new Error("database away");
      },
    ],
    ["never answers", () => new Promise(() => {})],
    ["answers nonsense", () => JSON.parse("7")],
    ["gives no JSON value", () => ({ snapshot: 10n })],
    ["gives a number beyond I-JSON", () => ({ snapshot: { n: 2 ** 60 } })],
    ["gives more than a state may have", () => ({ snapshot: "x".repeat(400_000) })],
    ["gives a position that is none", () => ({ snapshot: 1, position: JSON.parse('"a:1:b"') })],
  ])("%s fails that subscribe as retryable, and nobody else's", async (_what, answer) => {
    const { application, clock, gateway, subscribe } = await world({ handlerTimeoutMs: 100 });
    const fine = await subscribe();
    await clock.advanceAsync(1_001);
    application.answer = answer;
    const peer = await subscribe();
    await clock.advanceAsync(200);
    expect(peer.last("error")).toMatchObject({ id: 1, code: "unavailable", retryable: true });
    application.answer = () => application.committed;
    expect((await subscribe()).last("subscribed")).toMatchObject({ state: 0 });
    await gateway.core.publish(CHANNEL, { data: 1 });
    await gateway.settle();
    expect(fine.last("publication").data).toBe(1);
  });
});
