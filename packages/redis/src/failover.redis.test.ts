import { type HistoryPage, isFailure } from "@holdfast/broker";
import { BreakableProxy, publishRequest } from "@holdfast/broker/testing";
import { afterEach, describe, expect, test } from "vitest";
import { freePort, RedisSentinels, RedisServer, until } from "./local/mod.js";
import { type Scene, scene } from "./testing/scene.js";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const count = (to: number) => Array.from({ length: to }, (_, n) => n + 1);

/** A master, and a replica whose link to it can be cut. */
async function pair() {
  const masterPort = await freePort();
  const args = ["--repl-diskless-sync-delay", "0"];
  const master = await RedisServer.start({ port: masterPort, args });
  closers.push(() => master.dispose());
  const replicationLink = await BreakableProxy.to(master.socketPath);
  closers.push(() => replicationLink.close());
  const replica = await RedisServer.start({
    port: await freePort(),
    args: [...args, "--replicaof", "127.0.0.1", String(replicationLink.port)],
  });
  closers.push(() => replica.dispose());
  await until(async () =>
    String(await replica.ask("INFO", "replication")).includes("master_link_status:up"),
  );
  return { master, replica, replicationLink };
}

async function linked(url: string, gateway = "g1"): Promise<Scene> {
  const made = await scene(url, {}, gateway);
  closers.push(() => made.close());
  return made;
}

async function read({ link }: Scene, channel: string): Promise<HistoryPage> {
  const page = await link.read({ channel, after: 0, maxCount: 1_000, maxBytes: 1_000_000 });
  if (isFailure(page)) throw new Error(page.code);
  return page;
}

async function replicated(master: RedisServer, replica: RedisServer): Promise<void> {
  const offset = async (server: RedisServer) =>
    /master_repl_offset:(\d+)/.exec(String(await server.ask("INFO", "replication")))?.[1];
  await until(async () => (await offset(master)) === (await offset(replica)));
}

/** Whether a position of an epoch may go on in a page's. */
function resumes(page: HistoryPage, epoch: string, offset: number): boolean {
  if (page.epoch === epoch) return offset <= page.top;
  return page.lineage.some(({ parent, upTo }) => parent === epoch && offset <= upTo);
}

describe("a master that fails over to a replica that is behind", () => {
  test("loses a suffix, and only those who had seen it are reset", async () => {
    const { master, replica, replicationLink } = await pair();
    let target = master;
    const way = await BreakableProxy.through(() => target.socketPath);
    closers.push(() => way.close());
    const one = await linked(`redis://127.0.0.1:${way.port}`);
    await one.link.follow("a:b", { presence: false });
    const key = (n: number) => ({ key: { scope: "u", value: `k${n}` } });
    const epochs = new Set<string>();
    const publish = async (n: number) => {
      const outcome = await one.link.publish(publishRequest("a:b", n, key(n)));
      if (!outcome.ok) throw new Error(outcome.code);
      epochs.add(outcome.epoch);
      return outcome;
    };
    for (const n of count(10)) await publish(n);
    await replicated(master, replica);
    replicationLink.cut();
    for (const n of [11, 12, 13]) await publish(n);
    expect(epochs.size).toBe(1);
    const [old = ""] = epochs;

    await replica.ask("REPLICAOF", "NO", "ONE");
    target = replica;
    await master.crash();
    await one.until(() => one.heard.availability.at(-1) === true && one.heard.gaps > 0);

    const page = await read(one, "a:b");
    expect(page.epoch).not.toBe(old);
    expect(page.lineage).toEqual([{ parent: old, upTo: 10 }]);
    expect(count(13).map((offset) => resumes(page, old, offset))).toEqual(
      count(13).map((offset) => offset <= 10),
    );
    expect(page.entries.map(({ data }) => data)).toEqual(count(10));
    // What was lost may be said again, and what was not is known.
    expect(await publish(12)).toMatchObject({ offset: 11, duplicate: false });
    expect(await publish(10)).toMatchObject({ offset: 10, duplicate: true });
  });

  test("and back again: what the former master had and nobody else is not taken up", async () => {
    const { master, replica, replicationLink } = await pair();
    let target = master;
    const way = await BreakableProxy.through(() => target.socketPath);
    closers.push(() => way.close());
    const one = await linked(`redis://127.0.0.1:${way.port}`);
    for (const n of count(5)) await one.link.publish(publishRequest("a:b", n));
    const { epoch: first } = await read(one, "a:b");
    await replicated(master, replica);
    replicationLink.cut();
    await one.link.publish(publishRequest("a:b", "lost"));

    const change = async (to: RedisServer, from: RedisServer) => {
      await to.ask("REPLICAOF", "NO", "ONE");
      target = to;
      await from.ask("REPLICAOF", "127.0.0.1", to.port);
      await until(async () =>
        String(await from.ask("INFO", "replication")).includes("master_link_status:up"),
      );
      // The one that became a replica lets its clients go, as a failover by sentinels does.
      await from.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
      await one.until(async () => !isFailure(await one.link.heads(["a:b"])));
    };
    await change(replica, master);
    // Nobody has touched the channel at the replica: its record still names the former master.
    await replicated(replica, master);
    await change(master, replica);
    const page = await read(one, "a:b");
    expect(page.epoch).not.toBe(first);
    expect([page.top, resumes(page, first, 5), resumes(page, first, 6)]).toEqual([5, true, false]);
  });

  test("forgets a leave, and whoever had left is taken out again", async () => {
    const { master, replica, replicationLink } = await pair();
    let target = master;
    const way = await BreakableProxy.through(() => target.socketPath);
    closers.push(() => way.close());
    const one = await linked(`redis://127.0.0.1:${way.port}`);
    const members = async ({ link }: Scene) => {
      const view = await link.presence("a:b", 10);
      return isFailure(view) ? undefined : view.members.map(({ id }) => id);
    };
    await one.link.enter("a:b", { id: "left" });
    await replicated(master, replica);
    replicationLink.cut();
    one.link.leave("a:b", "left", { grace: false });
    await one.until(async () => (await members(one))?.length === 0);

    await replica.ask("REPLICAOF", "NO", "ONE");
    const other = await linked(`redis+unix://${replica.socketPath}`, "g2");
    expect(await members(other)).toEqual(["left"]);
    target = replica;
    await master.crash();
    await one.until(async () => (await members(other))?.length === 0);
    expect(one.link.available).toBe(true);
  });

  test("a master that became a replica is not read from", async () => {
    const { master, replica } = await pair();
    const one = await linked(`redis+unix://${master.socketPath}`);
    await one.link.publish(publishRequest("a:b", 1));
    await replica.ask("REPLICAOF", "NO", "ONE");
    await master.ask("REPLICAOF", "127.0.0.1", replica.port);
    const page = await one.link.read({ channel: "a:b", after: 0, maxCount: 1, maxBytes: 1 });
    expect(page).toMatchObject({ ok: false, code: "unavailable", retryable: true });
    await one.until(() => one.heard.availability.includes(false), 10_000);
  });
});

describe("a master that sentinels watch", () => {
  test("is followed to whichever server they make the master", async () => {
    const { master, replica, replicationLink } = await pair();
    replicationLink.mend();
    await replica.ask("REPLICAOF", "127.0.0.1", master.port);
    await until(async () =>
      String(await replica.ask("INFO", "replication")).includes("master_link_status:up"),
    );
    const watched = { count: 1, quorum: 1, name: "main", master, replica };
    const sentinels = await RedisSentinels.start(watched);
    closers.push(() => sentinels.dispose());
    const one = await linked(sentinels.url);
    await one.link.follow("a:b", { presence: false });
    for (const n of count(5)) await one.link.publish(publishRequest("a:b", n));
    await replicated(master, replica);
    await master.crash();
    await one.until(() => one.heard.availability.at(-1) === true, 400_000);
    expect(await one.link.publish(publishRequest("a:b", 6))).toMatchObject({ ok: true, offset: 6 });
    const page = await read(one, "a:b");
    expect(page.lineage).toHaveLength(1);
    // What is published before the subscription is back reaches nobody live: it is in the history.
    await one.until(async () => {
      await one.link.publish(publishRequest("a:b", 7));
      return one.heard.offsets("a:b").some((offset) => offset >= 6);
    });
  }, 60_000);
});
