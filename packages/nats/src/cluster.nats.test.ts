import { type HistoryPage, isFailure } from "@holdfast/broker";
import { publishRequest as request } from "@holdfast/broker/testing";
import type { Failure } from "@holdfast/protocol";
import { afterAll, afterEach, expect, test } from "vitest";
import { NatsCluster } from "./local/mod.js";
import { type Scene, scene } from "./testing/scene.js";

const patienceMs = 300_000;
const starting = NatsCluster.start();
afterAll(async () => (await starting).dispose());

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function linked(url: string, gateway = "g1"): Promise<Scene> {
  // Servers that have to share the processor with others answer late, and are no less alive.
  const patience = "connectTimeoutMs=30000&heartbeatTimeoutMs=15000";
  const made = await scene(`${url}?prefix=trial&streams=1&${patience}`, {}, gateway);
  closers.push(() => made.close());
  return made;
}

/** The outcome once there is one: servers may be busy with each other. Throws on a refusal that stays. */
async function settled<T>({ until }: Scene, ask: () => Promise<T | Failure>): Promise<T> {
  const outcomes: T[] = [];
  await until(async () => {
    const outcome = await ask();
    if (!isFailure(outcome)) outcomes.push(outcome as T);
    else if (!outcome.retryable) throw new Error(`${outcome.code}: ${outcome.message}`);
    return outcomes.length > 0;
  });
  return outcomes[0]!;
}

/** Publishes under a key of its own, again where it is not known what became of it. */
function published(made: Scene, channel: string, n: number) {
  const key = { scope: "u", value: String(n) };
  return settled(made, () => made.link.publish(request(channel, n, { key })));
}

function history(made: Scene, channel: string): Promise<HistoryPage> {
  const query = { channel, after: 0, maxCount: 1_000, maxBytes: 1_000_000 };
  return settled(made, () => made.link.read(query));
}

/** Publishes one entry after the other until told to stop. */
function publishing(made: Scene, channel: string) {
  let going = true;
  const acknowledged: { n: number; offset: number; epoch: string }[] = [];
  const done = (async () => {
    for (let n = 1; going; n += 1) {
      const { offset, epoch } = await published(made, channel, n);
      acknowledged.push({ n, offset, epoch });
    }
  })();
  const stop = () => {
    going = false;
    return done;
  };
  return { acknowledged, stop };
}

test("whoever asks any gateway sees what was acknowledged to another, whichever server answers", {
  timeout: patienceMs,
}, async () => {
  const cluster = await starting;
  const urls = cluster.servers.map(({ port }) => `nats://127.0.0.1:${port}`);
  const links = await Promise.all(urls.map((url, at) => linked(url, `g${at}`)));
  for (let n = 1; n <= 30; n += 1) {
    expect(await published(links[n % 3]!, "r:1", n)).toMatchObject({ ok: true, offset: n });
    const other = links[(n + 1) % 3]!;
    const heads = await settled(other, () => other.link.heads(["r:1"]));
    expect(heads).toMatchObject([{ offset: n }]);
  }
});

test("three copies: nothing acknowledged is lost and epochs go on while the leader dies and comes back", {
  timeout: patienceMs,
}, async () => {
  const cluster = await starting;
  const [writer, reader] = [await linked(cluster.url), await linked(cluster.url, "g2")];
  await settled(reader, () => reader.link.follow("a:b", { presence: true }));
  await settled(writer, () => writer.link.enter("a:b", { id: "m" }));
  const load = publishing(writer, "a:b");
  const further = async (count: number) => {
    const before = load.acknowledged.length;
    await writer.until(() => load.acknowledged.length >= before + count);
  };
  await further(20);
  const leader = await cluster.leaderOf("trial-0");
  await leader.crash();
  await further(20);
  await leader.start();
  await further(20);
  await load.stop();
  const page = await history(reader, "a:b");
  expect(new Set(load.acknowledged.map(({ epoch }) => epoch))).toEqual(new Set([page.epoch]));
  expect(page.lineage).toEqual([]);
  // Each entry once, in order, at the offset that was acknowledged.
  expect(page.entries.map(({ data }) => data)).toEqual(page.entries.map(({ offset }) => offset));
  expect(load.acknowledged.every(({ n, offset }) => n === offset)).toBe(true);
  expect(page.top).toBe(load.acknowledged.length);
  const view = await settled(reader, () => reader.link.presence("a:b", 10));
  expect(view).toMatchObject({ count: 1, members: [{ id: "m" }] });
});

test("a server that is started again repeats what was let go of one channel, and takes nothing of another", {
  timeout: patienceMs,
}, async () => {
  const cluster = await starting;
  const writer = await linked(cluster.url);
  const { epoch } = await published(writer, "p:old", 1);
  // Past checkpoints, of which each lets go what it replaces.
  for (let n = 1; n <= 150; n += 1) await published(writer, "p:new", n);
  const leader = await cluster.leaderOf("trial-0");
  for (const follower of cluster.servers) {
    if (follower === leader) continue;
    await follower.crash();
    await follower.start();
    await cluster.whole();
  }
  // What a copy has become is seen where it leads.
  await writer.until(async () => {
    if ((await cluster.leaderOf("trial-0")) !== leader) return true;
    await leader.ask("STREAM.LEADER.STEPDOWN.trial-0");
    return false;
  });
  const reader = await linked(cluster.url, "g2");
  expect(await history(reader, "p:old")).toMatchObject({ epoch, top: 1, entries: [{ data: 1 }] });
});

test("without a majority publishes are refused as retryable, and it goes on by itself when there is one again", {
  timeout: patienceMs,
}, async () => {
  const cluster = await starting;
  const writer = await linked(cluster.url);
  const { epoch, id } = await published(writer, "q:1", 1);
  // Once all three have it, so that the one that stays knows as much as those that go.
  await cluster.leaderOf("trial-0");
  const [one, two] = cluster.servers;
  await Promise.all([one!.crash(), two!.crash()]);
  let failure: unknown;
  await writer.until(async () => {
    const outcome = await writer.link.publish(request("q:1", "lost"));
    failure = outcome;
    return isFailure(outcome);
  });
  expect(failure).toMatchObject({ ok: false, retryable: true });
  await Promise.all([one!.start(), two!.start()]);
  await settled(writer, () => writer.link.publish(request("q:1", "on")));
  const page = await history(writer, "q:1");
  // Two servers killed at once may take what they had not written: then another epoch says so.
  const ancestor = page.lineage.find(({ parent }) => parent === epoch);
  const kept = page.epoch === epoch || (ancestor?.upTo ?? 0) >= 1;
  if (kept) expect(page.entries[0]).toMatchObject({ offset: 1, id, data: 1 });
  expect(page.entries.at(-1)).toMatchObject({ offset: page.top, data: "on" });
});
