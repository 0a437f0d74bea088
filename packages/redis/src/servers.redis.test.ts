import { EngineError, isFailure } from "@holdfast/broker";
import { BreakableProxy, publishRequest } from "@holdfast/broker/testing";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { freePort, RedisServer } from "./local/mod.js";
import { ClockShift } from "./testing/clock_shift.js";
import { scene } from "./testing/scene.js";

let number = 0;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const shared = RedisServer.start();
afterAll(async () => (await shared).dispose());

/** A store of its own on the server that the tests share. */
async function url(parameters = ""): Promise<string> {
  number += 1;
  const { socketPath } = await shared;
  return `redis+unix://${socketPath}?prefix=s${number}:${parameters}`;
}

async function own(...args: string[]): Promise<RedisServer> {
  const server = await RedisServer.start({ args });
  closers.push(() => server.dispose());
  return server;
}

const at = ({ socketPath }: RedisServer) => `redis+unix://${socketPath}`;

async function linked(address: string, options: Parameters<typeof scene>[1] = {}) {
  const made = await scene(address, options);
  closers.push(() => made.close());
  return made;
}

const refused = (address: string) => expect(scene(address)).rejects;

describe("what stands in the way at the start is said with the way out", () => {
  test("a server that may evict what was acknowledged", async () => {
    const server = await own("--maxmemory-policy", "allkeys-lru");
    await refused(at(server)).toThrow(/maxmemory-policy allkeys-lru.*Set it to noeviction/);
    await refused(at(server)).toBeInstanceOf(EngineError);
  });

  test("a replica", async () => {
    const master = await freePort();
    const server = await own("--replicaof", "127.0.0.1", String(master));
    await refused(at(server)).toThrow(/is a replica.*Name the master/);
  });

  test("a store laid out for other partitions", async () => {
    const address = await url();
    await linked(address);
    await refused(`${address}&partitions=16`).toThrow(/holds 256 partitions and 16 are configured/);
  });

  test("a server of a cluster, named as a single one", async () => {
    const server = await own("--cluster-enabled", "yes");
    await refused(at(server)).toThrow(/Use redis\+cluster:/);
  });

  test("nobody there, and a password that is wrong", async () => {
    const port = await freePort();
    await refused(`redis://127.0.0.1:${port}`).toThrow(/cannot be reached: .*ECONNREFUSED/);
    const server = await own("--requirepass", "right");
    const wrong = scene(`redis+unix://:hunter2@${server.socketPath}`);
    await expect(wrong).rejects.toThrow(/WRONGPASS/);
    await expect(wrong).rejects.not.toThrow(/hunter2/);
  });
});

describe("who may connect, and how", () => {
  test("an ACL user needs no more than the documented rights", async () => {
    const server = await own();
    await server.ask(
      ...("ACL SETUSER gate on >secret resetchannels ~hf:* &hf:* +@read +@write +@pubsub +@scripting +@connection +info +time".split(
        " ",
      ) as [string, ...string[]]),
    );
    const { link, heard } = await linked(`redis+unix://gate:secret@${server.socketPath}`);
    await link.follow("a:b", { presence: true });
    expect(await link.publish(publishRequest("a:b", 1))).toMatchObject({ ok: true, offset: 1 });
    expect(await link.enter("a:b", { id: "m" })).toEqual({ ok: true });
    expect(await link.call("nobody", new Uint8Array(), { timeoutMs: 1_000 })).toMatchObject({
      code: "no_responders",
    });
    await link.settle();
    expect([heard.offsets("a:b"), heard.presence.length]).toEqual([[1], 1]);
  });

  test("databases and prefixes of one server are apart, relays too", async () => {
    const server = await own();
    const one = await linked(`${at(server)}?database=1`);
    const two = await linked(`${at(server)}?database=2`);
    const other = await linked(`${at(server)}?database=1&prefix=x:`);
    for (const { link } of [one, two, other]) await link.follow("a:b", { presence: false });
    await one.link.publish(publishRequest("a:b", 1));
    for (const { link } of [one, two, other]) await link.settle();
    expect([one, two, other].map(({ heard }) => heard.offsets("a:b"))).toEqual([[1], [], []]);
  });
});

describe("a server that goes on, though not as before", () => {
  test("scripts that it has forgotten are given to it again, in order", async () => {
    const { link } = await linked(await url());
    const session = (seq: number) => ({ session: { id: "s", seq } });
    await link.publish(publishRequest("a:b", 1, session(1)));
    await (await shared).ask("SCRIPT", "FLUSH");
    const outcomes = await Promise.all(
      Array.from({ length: 300 }, (_, n) => link.publish(publishRequest("a:b", n, session(n + 2)))),
    );
    expect(outcomes.map((outcome) => outcome.ok && outcome.offset)).toEqual(
      Array.from({ length: 300 }, (_, n) => n + 2),
    );
  });

  test("out of memory it refuses publishes and has not carried them out, and then goes on", async () => {
    const server = await own("--maxmemory", "100mb");
    const { link } = await linked(at(server));
    await link.publish(publishRequest("a:b", 1));
    await server.ask("CONFIG", "SET", "maxmemory", "1mb");
    const full = await link.publish(publishRequest("a:b", 2));
    expect(full).toMatchObject({ code: "unavailable", retryable: true });
    expect(full).not.toHaveProperty("unknown");
    expect(isFailure(full) && full.message).toContain("OOM");
    await server.ask("CONFIG", "SET", "maxmemory", "100mb");
    expect(await link.publish(publishRequest("a:b", 2))).toMatchObject({ ok: true, offset: 2 });
  });

  test("too few replicas, where some are demanded, are a refusal and no loss", async () => {
    const server = await own();
    const { link } = await linked(at(server));
    await server.ask("CONFIG", "SET", "min-replicas-to-write", "1");
    const alone = await link.publish(publishRequest("a:b", 1));
    expect(alone).toMatchObject({ code: "unavailable", retryable: true });
    expect(alone).not.toHaveProperty("unknown");
  });

  test("a clock that jumps an hour ahead costs nobody their presence, and no key is forgotten by a step back", async () => {
    const env: Record<string, string> = {};
    const server = new RedisServer({ env });
    const shift = new ClockShift(server.folder);
    Object.assign(env, shift.env);
    await server.start();
    closers.push(() => server.dispose());
    const one = await linked(at(server));
    const two = await linked(at(server));
    await two.link.follow("a:b", { presence: true });
    await one.link.enter("a:b", { id: "m" });
    const keyed = publishRequest("a:b", 1, { key: { scope: "u", value: "k" } });
    await one.link.publish(keyed);
    const pass = async (ms: number) => {
      for (let left = ms; left > 0; left -= 500) {
        for (const { clock, link } of [one, two]) {
          clock.advance(500);
          await link.settle();
        }
      }
    };
    shift.by(3_600_000);
    await pass(15_000);
    expect(two.heard.presence.map(({ action }) => action)).toEqual(["enter"]);
    const view = await two.link.presence("a:b", 10);
    expect(view).toMatchObject({ count: 1, members: [{ id: "m" }] });
    shift.by(-7_200_000);
    await pass(15_000);
    expect(two.heard.presence.map(({ action }) => action)).toEqual(["enter"]);
    const again = publishRequest("a:c", 1, { key: { scope: "u", value: "k" } });
    await one.link.publish(again);
    shift.by(-3_600_000);
    expect(await one.link.publish(again)).toMatchObject({ ok: true, duplicate: true });
  });
});

describe("following", () => {
  test("again at once after unfollowing, as often as one likes, is confirmed and hears everything", async () => {
    const { link, heard } = await linked(await url());
    for (let n = 1; n <= 20; n += 1) {
      const following = link.follow("a:b", { presence: false });
      if (n % 2 === 0) expect(await following).toMatchObject({ offset: n - 1 });
      link.unfollow("a:b");
      expect(await link.follow("a:b", { presence: false })).toMatchObject({ offset: n - 1 });
      await link.publish(publishRequest("a:b", n));
      await link.settle();
      expect(heard.offsets("a:b")).toEqual(Array.from({ length: n }, (_, at) => at + 1));
    }
  });
});

describe("what the relay loses is found within 10 s", () => {
  async function throughProxy() {
    const proxy = await BreakableProxy.to((await shared).socketPath);
    closers.push(() => proxy.close());
    number += 1;
    const made = await linked(`redis://127.0.0.1:${proxy.port}?prefix=s${number}:`);
    await made.link.follow("a:b", { presence: false });
    return { ...made, proxy };
  }

  test("a subscription whose connection was ended", async () => {
    const { link, heard, until } = await throughProxy();
    await (await shared).ask("CLIENT", "KILL", "TYPE", "pubsub");
    await link.publish(publishRequest("a:b", 1));
    await until(() => heard.gaps > 0, 10_000);
    await link.publish(publishRequest("a:b", 2));
    await until(() => heard.offsets("a:b").includes(2), 1_000);
    expect(heard.availability).toEqual([]);
  });

  test("a subscription that only seems alive", async () => {
    const { link, heard, until, proxy } = await throughProxy();
    proxy.deafen(1);
    await link.publish(publishRequest("a:b", 1));
    await until(() => heard.gaps > 0, 10_000);
    await link.publish(publishRequest("a:b", 2));
    await until(() => heard.offsets("a:b").includes(2), 1_000);
    expect(heard.offsets("a:b")).toEqual([2]);
  });

  test("a connection for commands that only seems alive", async () => {
    const { link, heard, until, proxy } = await throughProxy();
    proxy.deafen();
    const lost = link.publish(publishRequest("a:b", 1));
    await until(() => heard.availability.includes(false), 10_000);
    expect(await lost).toMatchObject({ ok: false, retryable: true, unknown: true });
    await until(() => heard.availability.at(-1) === true, 10_000);
    expect(await link.publish(publishRequest("a:b", 2))).toMatchObject({ ok: true, offset: 2 });
  });
});
