import { isFailure, type PublishOutcome } from "@holdfast/broker";
import { publishRequest } from "@holdfast/broker/testing";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { Keys } from "./keys.js";
import { RedisCluster } from "./local/mod.js";
import { slotOf } from "./tags.js";
import { type Scene, scene } from "./testing/scene.js";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const keys = new Keys("", 256);
const slot = (channel: string) => slotOf(keys.tag(keys.partitionOf(channel)));

async function linked(url: string, gateway = "g1"): Promise<Scene> {
  const made = await scene(url, {}, gateway);
  closers.push(() => made.close());
  return made;
}

/** Publishes one entry after the other, in the order of a session, until it is told to stop. */
function publishing({ link }: Scene, channel: string) {
  let going = true;
  const acknowledged: { n: number; offset: number; epoch: string }[] = [];
  const refusals: PublishOutcome[] = [];
  const done = (async () => {
    for (let seq = 1; going; ) {
      const outcome = await link.publish(
        publishRequest(channel, seq, { session: { id: `of ${channel}`, seq } }),
      );
      if (isFailure(outcome)) {
        refusals.push(outcome);
        if (!outcome.retryable) throw new Error(`${outcome.code}: ${outcome.message}`);
      } else {
        acknowledged.push({ n: seq, offset: outcome.offset, epoch: outcome.epoch });
        seq += 1;
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  })();
  const stop = () => {
    going = false;
    return done;
  };
  return { acknowledged, refusals, stop };
}

const readAll = ({ link }: Scene, channel: string) =>
  link.read({ channel, after: 0, maxCount: 1_000, maxBytes: 1_000_000 });

async function history(scene: Scene, channel: string) {
  const page = await readAll(scene, channel);
  if (isFailure(page)) throw new Error(page.code);
  return page;
}

const count = (to: number) => Array.from({ length: to }, (_, n) => n + 1);

describe("a cluster of three masters", () => {
  const starting = RedisCluster.start(3);
  afterAll(async () => (await starting).dispose());

  test("has every partition at the server that has its slot, and follows, calls and presence there", async () => {
    const { url } = await starting;
    const [one, two] = [await linked(url), await linked(url, "g2")];
    const channels = count(30).map((n) => `a:${n}`);
    for (const channel of channels) {
      await two.link.follow(channel, { presence: true });
      expect(await one.link.publish(publishRequest(channel, channel))).toMatchObject({ offset: 1 });
      expect(await one.link.enter(channel, { id: channel })).toEqual({ ok: true });
    }
    await two.link.settle();
    expect(two.heard.entries.map(({ channel }) => channel).sort()).toEqual([...channels].sort());
    expect(two.heard.presence.map(({ channel }) => channel).sort()).toEqual([...channels].sort());
    for (const subject of ["s1", "s2", "s3", "s4", "s5"]) {
      await two.link.serve(subject, "group", ({ payload }) => payload);
      const reply = await one.link.call(subject, Uint8Array.of(7), { timeoutMs: 5_000 });
      expect(reply).toEqual({ ok: true, payload: Uint8Array.of(7) });
    }
    expect(await one.link.heads(channels)).toHaveLength(30);
  }, 60_000);

  test("goes on publishing, in order and without a loss, while slots move between servers", async () => {
    const cluster = await starting;
    const [writer, reader] = [await linked(cluster.url), await linked(cluster.url, "g2")];
    const channels = ["m:1", "m:2", "m:3"];
    for (const channel of channels) await reader.link.follow(channel, { presence: false });
    const loads = channels.map((channel) => publishing(writer, channel));
    for (const round of [1, 2]) {
      for (const channel of channels) {
        const owner = await cluster.ownerOf(slot(channel));
        const to = cluster.masters[(cluster.masters.indexOf(owner) + round) % 3]!;
        await cluster.moveSlot(
          slot(channel),
          to,
          () => new Promise((resolve) => setTimeout(resolve, 30)),
        );
      }
    }
    for (const load of loads) await load.stop();
    for (const [index, channel] of channels.entries()) {
      const { acknowledged, refusals } = loads[index]!;
      expect(acknowledged.length).toBeGreaterThan(50);
      expect(refusals).toEqual([]);
      expect(acknowledged.map(({ offset }) => offset)).toEqual(count(acknowledged.length));
      const page = await history(reader, channel);
      expect(page.entries.map(({ data }) => data)).toEqual(count(acknowledged.length));
      // Whoever stands anywhere in an earlier epoch goes on: nothing was lost.
      for (const { epoch, offset } of acknowledged) {
        const lineage = page.lineage.find(({ parent }) => parent === epoch);
        expect(epoch === page.epoch || (lineage?.upTo ?? 0) >= offset).toBe(true);
      }
    }
    // The subscription has come along.
    await reader.until(() => reader.heard.gaps > 0);
    const before = reader.heard.entries.length;
    for (const channel of channels) await writer.link.publish(publishRequest(channel, "last"));
    await reader.until(() => reader.heard.entries.length >= before + 3, 10_000);
  }, 60_000);

  test("new channels begin in a slot that moves, and what changed there is noted", async () => {
    const cluster = await starting;
    const writer = await linked(cluster.url);
    const partition = keys.partitionOf("n:0");
    const names = count(30_000)
      .map((n) => `n:${n}`)
      .filter((name) => keys.partitionOf(name) === partition)
      .slice(0, 20);
    await writer.link.publish(publishRequest("n:0", 0));
    const first = await writer.link.changes(partition, undefined);
    if (isFailure(first)) throw new Error(first.code);
    const owner = await cluster.ownerOf(slot("n:0"));
    const to = cluster.masters[(cluster.masters.indexOf(owner) + 1) % 3]!;
    const waiting = [...names];
    await cluster.moveSlot(slot("n:0"), to, async () => {
      const name = waiting.shift();
      if (name === undefined) return;
      expect(await writer.link.publish(publishRequest(name, 1))).toMatchObject({
        ok: true,
        offset: 1,
      });
    });
    for (const name of waiting) await writer.link.publish(publishRequest(name, 1));
    await writer.until(async () => {
      const changes = await writer.link.changes(partition, first.cursor);
      if (isFailure(changes)) return false;
      const changed = new Set(changes.changed.map(({ channel }) => channel));
      return !changes.complete || names.every((name) => changed.has(name));
    }, 10_000);
  });
});

describe("a cluster with replicas", () => {
  test("goes on at the replica when a master is killed, in a new epoch with what had arrived there", async () => {
    const cluster = await RedisCluster.start(3, { replicas: true });
    closers.push(() => cluster.dispose());
    const [writer, reader] = [await linked(cluster.url), await linked(cluster.url, "g2")];
    await reader.link.follow("f:1", { presence: true });
    await writer.link.enter("f:1", { id: "m" });
    const load = publishing(writer, "f:1");
    await reader.until(() => load.acknowledged.length >= 30);
    const owner = await cluster.ownerOf(slot("f:1"));
    await owner.server.crash();
    const before = load.acknowledged.length;
    await reader.until(async () => load.acknowledged.length > before + 10, 400_000);
    await load.stop();
    // The writer has found the new master; the reader does so by itself, and refuses until then.
    await reader.until(() => reader.heard.availability.at(-1) !== false, 60_000);
    await reader.until(async () => !isFailure(await readAll(reader, "f:1")), 60_000);
    const page = await history(reader, "f:1");
    const first = load.acknowledged[0]!;
    expect(page.lineage[0]).toMatchObject({ parent: first.epoch });
    const offsets = page.entries.map(({ offset }) => offset);
    expect(offsets).toEqual(count(offsets.length));
    await reader.until(async () => {
      const view = await reader.link.presence("f:1", 10);
      return !isFailure(view) && view.members.some(({ id }) => id === "m");
    }, 60_000);
    const seen = reader.heard.entries.length;
    await writer.link.publish(publishRequest("f:1", "last"));
    await reader.until(() => reader.heard.entries.length > seen, 10_000);
  }, 60_000);
});
