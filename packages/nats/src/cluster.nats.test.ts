import { isFailure } from "@holdfast/broker";
import { publishRequest as request } from "@holdfast/broker/testing";
import { afterAll, afterEach, expect, test } from "vitest";
import { NatsCluster } from "./testing/cluster.js";
import { type Scene, scene } from "./testing/scene.js";

const patienceMs = 120_000;
/** Of virtual time, which passes faster than that of the servers. */
const withinMs = 240_000;
const starting = NatsCluster.start();
afterAll(async () => (await starting).dispose());

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function linked(url: string, gateway = "g1"): Promise<Scene> {
  const made = await scene(`${url}?prefix=trial&streams=1`, {}, gateway);
  closers.push(() => made.close());
  return made;
}

async function history({ link }: Scene, channel: string) {
  const page = await link.read({ channel, after: 0, maxCount: 1_000, maxBytes: 1_000_000 });
  if (isFailure(page)) throw new Error(page.code);
  return page;
}

/** Publishes one entry after the other, each under a key, until told to stop; what is unknown is repeated. */
function publishing({ link }: Scene, channel: string) {
  let going = true;
  const acknowledged: { n: number; offset: number; epoch: string }[] = [];
  const done = (async () => {
    for (let n = 1; going; ) {
      const key = { scope: "u", value: String(n) };
      const outcome = await link.publish(request(channel, n, { key }));
      if (!isFailure(outcome)) {
        acknowledged.push({ n, offset: outcome.offset, epoch: outcome.epoch });
        n += 1;
      } else if (!outcome.retryable) throw new Error(`${outcome.code}: ${outcome.message}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  const stop = () => {
    going = false;
    return done;
  };
  return { acknowledged, stop };
}

test(
  "whoever asks any gateway sees what was acknowledged to another, whichever server answers",
  async () => {
    const cluster = await starting;
    const urls = cluster.servers.map(({ port }) => `nats://127.0.0.1:${port}`);
    const links = await Promise.all(urls.map((url, at) => linked(url, `g${at}`)));
    for (let n = 1; n <= 30; n += 1) {
      const outcome = await links[n % 3]!.link.publish(request("r:1", n));
      expect(outcome).toMatchObject({ ok: true, offset: n });
      const heads = await links[(n + 1) % 3]!.link.heads(["r:1"]);
      expect(heads).toMatchObject([{ offset: n }]);
    }
  },
  patienceMs,
);

test(
  "three copies: nothing acknowledged is lost and epochs go on while the leader dies and comes back",
  async () => {
    const cluster = await starting;
    const [writer, reader] = [await linked(cluster.url), await linked(cluster.url, "g2")];
    await reader.link.follow("a:b", { presence: true });
    await writer.link.enter("a:b", { id: "m" });
    const load = publishing(writer, "a:b");
    await writer.until(() => load.acknowledged.length >= 20, withinMs);
    const leader = await cluster.leaderOf("trial-0", cluster.servers[0]!);
    const before = load.acknowledged.length;
    await leader.crash();
    await writer.until(() => load.acknowledged.length >= before + 20, withinMs);
    await leader.start();
    const after = load.acknowledged.length;
    await writer.until(() => load.acknowledged.length >= after + 20, withinMs);
    await load.stop();
    await reader.until(async () => !isFailure(await reader.link.heads(["a:b"])), withinMs);
    const page = await history(reader, "a:b");
    expect(new Set(load.acknowledged.map(({ epoch }) => epoch))).toEqual(new Set([page.epoch]));
    expect(page.lineage).toEqual([]);
    // Each entry once, in order, at the offset that was acknowledged.
    expect(page.entries.map(({ data }) => data)).toEqual(page.entries.map(({ offset }) => offset));
    expect(load.acknowledged.every(({ n, offset }) => n === offset)).toBe(true);
    expect(page.top).toBe(load.acknowledged.length);
    const view = await reader.link.presence("a:b", 10);
    expect(view).toMatchObject({ count: 1, members: [{ id: "m" }] });
  },
  patienceMs,
);

test(
  "without a majority publishes are refused as retryable, and it goes on by itself when there is one again",
  async () => {
    const cluster = await starting;
    const writer = await linked(cluster.url);
    const published = await writer.link.publish(request("q:1", 1));
    if (isFailure(published)) throw new Error(published.code);
    const [one, two] = cluster.servers.slice(0, 2);
    await Promise.all([one!.crash(), two!.crash()]);
    let failure: unknown;
    await writer.until(async () => {
      const outcome = await writer.link.publish(request("q:1", "lost"));
      failure = outcome;
      return isFailure(outcome);
    }, withinMs);
    expect(failure).toMatchObject({ ok: false, retryable: true });
    await Promise.all([one!.start(), two!.start()]);
    let offset = 0;
    await writer.until(async () => {
      const outcome = await writer.link.publish(request("q:1", "on"));
      if (!isFailure(outcome)) offset = outcome.offset;
      return offset > 0;
    }, withinMs);
    const page = await history(writer, "q:1");
    // Two servers killed at once may take what they had not written: then another epoch says so.
    const { epoch, id } = published;
    const ancestor = page.lineage.find(({ parent }) => parent === epoch);
    const kept = page.epoch === epoch || (ancestor?.upTo ?? 0) >= 1;
    if (kept) expect(page.entries[0]).toMatchObject({ offset: 1, id, data: 1 });
    expect(page.entries.at(-1)).toMatchObject({ offset: page.top, data: "on" });
  },
  patienceMs,
);
