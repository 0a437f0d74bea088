import { createFaultyMemoryBroker, type OperationDecision } from "@holdfast/broker/testing";
import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import { describe, expect, it } from "vitest";
import { testGateway } from "../testing/harness.js";

const CHANNEL = "chat:a";

function faulty(operations?: OperationDecision) {
  const clock = new VirtualClock();
  const random = new SeededRandom(4);
  const options = operations === undefined ? {} : { operations };
  const broker = createFaultyMemoryBroker({ clock, random, ...options });
  return { clock, broker };
}

describe("a publish key", () => {
  it("gives a repeat the first outcome, one with another payload conflict, and is the user's own", async () => {
    const gateway = await testGateway({
      authenticate: ({ token }) => ({ user: token ?? "", can: { "*": ["publish"] } }),
    });
    const [ada, bob] = [await gateway.open({ token: "ada" }), await gateway.open({ token: "bob" })];
    const command = { type: "publish", id: 1, channel: CHANNEL, data: 1, key: "k" };
    ada.send(command);
    ada.send({ ...command, id: 2 });
    ada.send({ ...command, id: 3, data: 2 });
    bob.send({ ...command, data: 2 });
    await gateway.settle();
    expect(ada.of("published").map(({ id, offset, duplicate }) => [id, offset, duplicate])).toEqual(
      [
        [1, 1, undefined],
        [2, 1, true],
      ],
    );
    expect(ada.last("error")).toMatchObject({ id: 3, code: "conflict", retryable: false });
    expect(bob.last("published")).toMatchObject({ offset: 2 });
    expect(ada.last("connected").keyWindowMs).toBeGreaterThan(0);
  });

  it("makes one delivery of a publish repeated because its acknowledgement was lost (abuse 26)", async () => {
    let lose = true;
    const { clock, broker } = faulty((_gateway, operation) =>
      operation === "publish" && lose ? { lost: "reply" } : undefined,
    );
    const gateway = await testGateway({ clock, broker });
    const reader = await gateway.open();
    reader.send({ type: "subscribe", channel: CHANNEL });
    const writer = await gateway.open();
    const command = { type: "publish", id: 1, channel: CHANNEL, data: "once", key: "k" };
    writer.send(command);
    await clock.advanceAsync(6_000);
    expect(writer.last("error")).toMatchObject({ id: 1, code: "timeout", retryable: true });
    lose = false;
    writer.send(command);
    await gateway.settle();
    expect(writer.last("published")).toMatchObject({ id: 1, offset: 1, duplicate: true });
    expect(reader.of("publication").map((each) => each.offset)).toEqual([1]);
  });
});

describe("a publisher's order", () => {
  it("takes the next number, the first outcome for one it had, and refuses a skip", async () => {
    const gateway = await testGateway();
    const peer = await gateway.open({ session: "a-session-secret-1" });
    const publish = (id: number, seq: number) =>
      peer.send({ type: "publish", id, channel: CHANNEL, data: seq, session: { id: "t", seq } });
    publish(1, 1);
    publish(2, 2);
    publish(3, 4);
    publish(4, 2);
    publish(5, 3);
    await gateway.settle();
    expect(peer.of("published").map(({ id, offset }) => [id, offset])).toEqual([
      [1, 1],
      [2, 2],
      [4, 2],
      [5, 3],
    ]);
    expect(peer.last("error")).toMatchObject({ id: 3, code: "out_of_order" });
  });

  it("goes on where it was when its client comes back on another connection", async () => {
    const gateway = await testGateway();
    const connect = { session: "a-session-secret-1" };
    const first = await gateway.open(connect);
    const publish = { type: "publish", id: 1, channel: CHANNEL, data: 1 };
    first.send({ ...publish, session: { id: "t", seq: 1 } });
    await gateway.settle();
    first.drop();
    const second = await gateway.open(connect);
    second.send({ ...publish, session: { id: "t", seq: 1 } });
    second.send({ ...publish, id: 2, session: { id: "t", seq: 2 } });
    await gateway.settle();
    expect(second.of("published").map((each) => each.offset)).toEqual([1, 2]);
    const stranger = await gateway.open();
    stranger.send({ ...publish, session: { id: "t", seq: 3 } });
    await gateway.settle();
    expect(stranger.last("error")).toMatchObject({ code: "out_of_order" });
  });

  it("is kept though the engine answers slowly", async () => {
    const delays = [300, 10, 200, 0, 100];
    const { clock, broker } = faulty((_gateway, operation) =>
      operation === "publish" ? { delayMs: delays.shift() ?? 0 } : undefined,
    );
    const gateway = await testGateway({ clock, broker });
    const peer = await gateway.open();
    peer.send({ type: "subscribe", channel: CHANNEL });
    for (let i = 1; i <= 5; i++) peer.send({ type: "publish", channel: CHANNEL, data: i });
    await clock.advanceAsync(1_000);
    expect(peer.of("publication").map((each) => each.data)).toEqual([1, 2, 3, 4, 5]);
  });
});

it("expectedOffset lets exactly one of several through", async () => {
  const gateway = await testGateway();
  const peers = await Promise.all(Array.from({ length: 5 }, () => gateway.open()));
  for (const [index, peer] of peers.entries()) {
    peer.send({ type: "publish", id: 1, channel: CHANNEL, data: index, expectedOffset: 0 });
  }
  await gateway.settle();
  expect(peers.flatMap((peer) => peer.of("published")).length).toBe(1);
  const errors = peers.flatMap((peer) => peer.of("error"));
  expect(errors.map((each) => each.code)).toEqual(Array(4).fill("offset_mismatch"));
});

it("what waits behind a subscribe is not carried out because the connection goes", async () => {
  const { clock, broker } = faulty((_gateway, operation) =>
    operation === "follow" ? { delayMs: 1_000 } : undefined,
  );
  const gateway = await testGateway({ clock, broker });
  const both = (data: string) => [
    { type: "subscribe", channel: CHANNEL },
    { type: "publish", channel: CHANNEL, data },
  ];
  const goes = await gateway.open();
  goes.send(...both("too late"));
  goes.drop();
  const stays = await gateway.open();
  stays.send(...both("in time"));
  await clock.advanceAsync(5_000);
  stays.send({ type: "history", id: 1, channel: CHANNEL });
  await clock.advanceAsync(5_000);
  expect(stays.last("history").publications.map(({ data }) => data)).toEqual(["in time"]);
});
