import { isFailure } from "@holdfast/broker";
import { BreakableProxy } from "@holdfast/broker/testing";
import { afterAll, afterEach, expect, test } from "vitest";
import { RedisServer } from "./local/mod.js";
import { type Scene, scene } from "./testing/scene.js";

const shared = RedisServer.start();
afterAll(async () => (await shared).dispose());

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

let number = 0;

/** A gateway whose connections can be broken, and one that watches. */
async function gateways(more = "") {
  const { socketPath } = await shared;
  number += 1;
  const parameters = `prefix=p${number}:&presenceLeaseMs=3000&presenceGraceMs=2000${more}`;
  const proxy = await BreakableProxy.to(socketPath);
  closers.push(() => proxy.close());
  const one = await scene(`redis://127.0.0.1:${proxy.port}?${parameters}`);
  const watcher = await scene(`redis+unix://${socketPath}?${parameters}`, {}, "watcher");
  closers.push(async () => {
    await one.close();
    await watcher.close();
  });
  await watcher.link.follow("a:b", { presence: true });
  const members = async ({ link }: Scene = watcher) => {
    const view = await link.presence("a:b", 10);
    return isFailure(view) ? [] : view.members.map(({ id }) => id).sort();
  };
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 100) {
      for (const { clock } of [one, watcher]) clock.advance(100);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  };
  return { one, watcher, proxy, members, pass };
}

test("a gateway that was out of reach past its lease registers everybody again, whichever answer got lost", async () => {
  const { one, proxy, members, pass } = await gateways();
  for (const id of ["a", "b", "c"])
    expect(await one.link.enter("a:b", { id })).toEqual({ ok: true });
  // Nothing comes back: what is asked for meanwhile may have been carried out.
  for (let round = 0; round < 3; round += 1) {
    proxy.deafen();
    await pass(6_500);
  }
  await one.until(() => one.heard.availability.at(-1) !== false);
  await one.until(async () => (await members()).length === 3, 30_000);
  await pass(6_000);
  expect(await members()).toEqual(["a", "b", "c"]);
}, 90_000);

test("who leaves while the entry is still on its way does not stay", async () => {
  const { one, watcher, members, pass } = await gateways();
  const entering = [one.link.enter("a:b", { id: "now" }), one.link.enter("a:b", { id: "soon" })];
  one.link.leave("a:b", "now", { grace: false });
  one.link.leave("a:b", "soon", { grace: true });
  await Promise.all(entering);
  await pass(2_500);
  expect(await members()).toEqual([]);
  expect(
    watcher.heard.presence.map(({ action, member }) => `${action} ${member.id}`).sort(),
  ).toEqual(["enter now", "enter soon", "leave now", "leave soon"]);
});

test("of entries and leaves in a row the last one counts", async () => {
  const { one, members, pass } = await gateways();
  for (let round = 0; round < 5; round += 1) {
    void one.link.enter("a:b", { id: "in" });
    one.link.leave("a:b", "in", { grace: false });
    void one.link.enter("a:b", { id: "in" });
    one.link.leave("a:b", "out", { grace: false });
    void one.link.enter("a:b", { id: "out" });
    one.link.leave("a:b", "out", { grace: false });
  }
  await pass(500);
  expect(await members()).toEqual(["in"]);
});

/** Deletes what a pattern names. */
async function lose(pattern: string): Promise<void> {
  const server = await shared;
  const keys = (await server.ask("KEYS", pattern)) as string[];
  for (const key of keys) await server.ask("DEL", key);
}

test("members lost without the leases are registered again, also when others entered the partition right after it", async () => {
  const { one, members, pass } = await gateways("&partitions=1");
  await one.link.enter("a:b", { id: "before" });
  await lose(`p${number}:*[po]:*`);
  await one.link.enter("a:other", { id: "after" });
  await pass(1_500);
  expect(await members()).toEqual(["before"]);
});

test("members lost in a failover are registered again, also when it came right after they had entered", async () => {
  const { one, members, pass } = await gateways("&partitions=1");
  const server = await shared;
  await one.link.enter("a:b", { id: "lost" });
  await lose(`p${number}:*p:a:b`);
  // A promotion, as far as the gateway can see: another life of the master.
  await server.ask("REPLICAOF", "127.0.0.1", "1");
  await server.ask("REPLICAOF", "NO", "ONE");
  await pass(1_500);
  expect(await members()).toEqual(["lost"]);
});

test("a leave that was held up on a connection given up does not take out who has entered since", async () => {
  const { one, proxy, members, pass } = await gateways();
  await one.link.enter("a:b", { id: "a" });
  const letThrough = proxy.holdUp();
  one.link.leave("a:b", "a", { grace: false });
  await one.until(() => one.heard.availability.at(-1) === false);
  await one.until(() => one.link.available);
  expect(await one.link.enter("a:b", { id: "a" })).toEqual({ ok: true });
  expect(await members()).toEqual(["a"]);
  await letThrough();
  await pass(200);
  expect(await members()).toEqual(["a"]);
});

test("who is registered through another gateway that only seems to have them is registered again when it lets go", async () => {
  const { one, watcher, members, pass } = await gateways();
  await one.link.enter("a:b", { id: "moved" });
  await watcher.link.enter("a:b", { id: "moved" });
  await (await shared).ask("FLUSHALL");
  // The gateway that the client has left is the first to register it again.
  await one.until(async () => (await members(one)).length === 1);
  await pass(1_500);
  one.link.leave("a:b", "moved", { grace: true });
  await pass(4_000);
  expect(await members()).toEqual(["moved"]);
}, 30_000);

test("channels that have had no members for a while are let go of", async () => {
  const { one, pass } = await gateways("&partitions=1");
  const server = await shared;
  for (let room = 0; room < 20; room += 1) {
    await one.link.enter(`room:${room}`, { id: "a" });
    if (room > 0) one.link.leave(`room:${room}`, "a", { grace: false });
  }
  await pass(1_500);
  const [held = ""] = (await server.ask("KEYS", `p${number}:*o:*`)) as string[];
  // Who has left could be shown again by a server that falls back.
  expect(await server.ask("SCARD", held)).toBe(20);
  one.clock.advance(20 * 3_000);
  await pass(1_500);
  expect(String(await server.ask("SMEMBERS", held))).toBe("room:0");
});
