import { cp, mkdtemp, readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { recordingLogger, SeededRandom, VirtualClock } from "@holdfast/core/testing";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { HistoryPage, Published, PublishRequest } from "../contract.js";
import { EngineError } from "../engines.js";
import { Heard, value } from "../testing/bench.js";
import type { FileLink } from "./link.js";
import { createFileBroker, type FileBroker, type FileBrokerOptions } from "./mod.js";

const history = { maxCount: 1_000, maxBytes: 1_000_000, maxAgeMs: 3_600_000 };

let folder = "";
let clock = new VirtualClock();
let random = new SeededRandom(1);
const open: FileBroker[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-store-"));
  clock = new VirtualClock();
  random = new SeededRandom(1);
});

afterEach(async () => {
  await Promise.all(open.splice(0).map((broker) => broker.close()));
  await rm(folder, { recursive: true });
});

async function start(options: Partial<FileBrokerOptions> = {}) {
  const logger = recordingLogger();
  const broker = await createFileBroker({ folder, clock, random, logger, ...options });
  open.push(broker);
  const heard = new Heard();
  return { broker, logger, heard, link: broker.connect("g1", heard) };
}

async function end(broker: FileBroker, how: "close" | "abandon" = "close"): Promise<void> {
  open.splice(open.indexOf(broker), 1);
  await broker[how]();
}

async function publish(
  link: FileLink,
  data: unknown,
  more: Partial<PublishRequest> = {},
): Promise<Published> {
  return value(await link.publish({ channel: "a:b", data, timeMs: 1, history, ...more }));
}

async function page(link: FileLink, channel = "a:b"): Promise<HistoryPage> {
  return value(await link.read({ channel, after: 0, maxCount: 1_000, maxBytes: 1_000_000 }));
}

/** Lets sweeps happen, and what they write. */
async function sweep(broker: FileBroker, ms: number): Promise<void> {
  await clock.advanceAsync(ms);
  await broker.flushed();
}

describe("a file store over a restart", () => {
  test("answers the repeats of what was published before it, and keeps a publisher's place", async () => {
    const key = { scope: "u:ann", value: "k1" };
    const session = (seq: number) => ({ session: { id: "s1", seq } });
    const first = await start();
    const one = await publish(first.link, 1, { key, ...session(1) });
    await publish(first.link, 2, session(2));
    await end(first.broker, "abandon");
    const { link } = await start();
    expect(await publish(link, 1, { key })).toEqual({ ...one, duplicate: true });
    expect(await publish(link, 1, session(1))).toEqual({ ...one, duplicate: true });
    expect(await publish(link, 2, session(2))).toMatchObject({ offset: 2, duplicate: true });
    expect(await publish(link, 3, session(3))).toMatchObject({ offset: 3, duplicate: false });
    const late = await link.publish({
      channel: "a:b",
      data: 9,
      timeMs: 1,
      history,
      ...session(9),
    });
    expect(late).toMatchObject({ code: "out_of_order" });
  });

  test("keeps who is present for the time of a lease, and shows nothing of who comes back in it", async () => {
    const before = await start();
    for (const id of ["ann", "bob"]) await before.link.enter("a:b", { id, data: { n: 1 } });
    await end(before.broker, "abandon");
    const { link, heard } = await start();
    await link.follow("a:b", { presence: true });
    expect(link.presence("a:b", 10)).toMatchObject({
      members: [{ id: "ann", data: { n: 1 } }, { id: "bob" }],
    });
    await clock.advanceAsync(20_000);
    await link.enter("a:b", { id: "ann", data: { n: 1 } });
    await clock.advanceAsync(30_000);
    expect(heard.changes()).toEqual(["leave bob"]);
  });

  test("counts the time between for what ages, and a wall clock set back ages nothing", async () => {
    const short = { ...history, maxAgeMs: 10_000 };
    const before = await start();
    await publish(before.link, 1, { history: short });
    await end(before.broker);
    clock.jumpWall(-3_600_000);
    const back = await start();
    expect((await page(back.link)).entries).toHaveLength(1);
    await end(back.broker);
    clock.jumpWall(3_600_000 + 11_000);
    const { link } = await start();
    expect(await page(link)).toMatchObject({ top: 1, first: 2, entries: [] });
  });

  test("is the same store through a folder that was moved, and another life in one that was copied", async () => {
    const before = await start();
    const { epoch } = await publish(before.link, 1);
    await end(before.broker);
    const copy = `${folder}-copy`;
    await cp(folder, copy, { recursive: true });
    try {
      const copied = await start({ folder: copy });
      const other = await page(copied.link);
      expect(other.epoch).not.toBe(epoch);
      expect([other.top, other.lineage]).toEqual([1, [{ parent: epoch, upTo: 1 }]]);
      expect(copied.logger.of("every channel begins a new epoch")).toHaveLength(1);
      await end(copied.broker);
      const again = await start({ folder: copy });
      expect((await page(again.link)).epoch).toBe(other.epoch);
      await end(again.broker);
    } finally {
      await rm(copy, { recursive: true });
    }
    expect((await page((await start()).link)).epoch).toBe(epoch);
  });

  test("begins new epochs when an older copy of the store was put in its place", async () => {
    const first = await start();
    const { epoch } = await publish(first.link, 1);
    await end(first.broker);
    const store = join(folder, "store.mdb");
    await cp(store, `${store}.backup`);
    const second = await start();
    await publish(second.link, 2);
    await end(second.broker);
    await rm(store);
    await cp(`${store}.backup`, store);
    const { link } = await start();
    const restored = await page(link);
    expect(restored.epoch).not.toBe(epoch);
    // Who had seen offset 2 does not resume; who had seen 1 does.
    expect([restored.top, restored.lineage]).toEqual([1, [{ parent: epoch, upTo: 1 }]]);
    expect(await publish(link, "new")).toMatchObject({ epoch: restored.epoch, offset: 2 });
  });
});

describe("a file store that cannot be opened", () => {
  const refused = async (text: string, options: Partial<FileBrokerOptions> = {}) => {
    const opening = start(options);
    await expect(opening).rejects.toThrow(EngineError);
    await expect(opening).rejects.toThrow(text);
    // Nothing of it stays behind that keeps the next one out.
    expect((await readdir(folder)).filter((name) => name.startsWith("lock."))).toEqual([]);
  };

  async function made(): Promise<string> {
    const { broker, link } = await start();
    for (let n = 1; n <= 50; n += 1) await publish(link, "x".repeat(2_000));
    await end(broker);
    return join(folder, "store.mdb");
  }

  test("says that it was made with another number of partitions, or another sync", async () => {
    await made();
    await refused("made with partitions 256, and 16 is asked for", { partitions: 16 });
    await refused("made with sync disk, and system is asked for", { sync: "system" });
  });

  test("says that it is damaged: foreign, cut off anywhere, or emptied", async () => {
    const path = await made();
    const { size } = await stat(path);
    await cp(path, `${path}.whole`);
    for (const bytes of [100, 4_096, 8_192, 16_384, Math.floor(size / 2)]) {
      await cp(`${path}.whole`, path);
      await truncate(path, bytes);
      await refused(`${path} is damaged`);
    }
    await writeFile(path, Buffer.alloc(size, 7));
    await refused("it does not begin as a store does");
    await truncate(path, 0);
    await refused("witness.json says that there was one");
    await cp(`${path}.whole`, path);
  });

  test("says why its folder cannot be made", async () => {
    await writeFile(join(folder, "file"), "");
    await refused("cannot be made", { folder: join(folder, "file", "below") });
  });
});

describe("a file store's bounds", () => {
  test("refuses publishes when it is as large as it may be, and takes them again when space was freed", async () => {
    const { broker, link } = await start({ maxStoreBytes: 1_048_576, maxSweptChannels: 10_000 });
    const short = { maxCount: 10_000, maxBytes: 1e9, maxAgeMs: 60_000 };
    const more = { history: short };
    let outcome = await link.publish({ channel: "a:b", data: 0, timeMs: 1, ...more });
    for (let n = 1; n < 400 && outcome.ok; n += 1) {
      outcome = await link.publish({
        channel: "a:b",
        data: "x".repeat(10_000),
        timeMs: 1,
        ...more,
      });
      await sweep(broker, 10);
      if (n % 100 === 0) await sweep(broker, 1_000);
    }
    expect(outcome).toMatchObject({ code: "busy", retryable: true, retryAfterMs: 1_000 });
    expect(outcome).not.toHaveProperty("unknown");
    for (let n = 0; n < 5; n += 1) await sweep(broker, 60_000);
    expect(await publish(link, "again")).toMatchObject({ ok: true });
  });

  test("clears away what was trimmed a little at a time, also of a channel nobody writes to any more", async () => {
    const { broker, link } = await start({ maxSweptChannels: 20 });
    for (let n = 1; n <= 100; n += 1) await publish(link, n);
    await publish(link, "last", { history: { ...history, maxCount: 1 } });
    expect((await page(link)).first).toBe(101);
    const rows = () => broker.countRows("entries");
    expect(rows()).toBeGreaterThan(80);
    const seen = [rows()];
    for (let n = 0; n < 6; n += 1) {
      await sweep(broker, 1_000);
      seen.push(rows());
    }
    expect(rows()).toBe(1);
    for (const [at, count] of seen.slice(1).entries()) {
      expect((seen[at] ?? 0) - count).toBeLessThanOrEqual(20);
    }
  });

  test("forgets idle sessions, expired keys and idle channels, and nothing of a channel that is followed", async () => {
    const { broker, link } = await start({
      channelIdleMs: 5_000,
      sessionIdleMs: 1,
      keyWindowMs: 2_000,
    });
    const brief = { ...history, maxAgeMs: 1_000 };
    for (const channel of ["a:gone", "a:followed"]) {
      await publish(link, 1, {
        channel,
        history: brief,
        key: { scope: "u", value: "k" },
        session: { id: "s", seq: 1 },
      });
    }
    const followed = await page(link, "a:followed");
    await link.follow("a:followed", { presence: false });
    for (let n = 0; n < 12; n += 1) await sweep(broker, 1_000);
    for (const table of ["entries", "ledger", "keys", "sessions", "graves"] as const) {
      expect([table, broker.countRows(table)]).toEqual([table, 0]);
    }
    expect(broker.countRows("channels")).toBe(1);
    expect((await page(link, "a:followed")).epoch).toBe(followed.epoch);
  });

  test("refuses names, keys and sessions longer than a key of the store", async () => {
    const { link } = await start();
    const long = "x".repeat(2_000);
    const base = { data: 1, timeMs: 1, history };
    expect(await link.publish({ ...base, channel: `a:${long}` })).toMatchObject({
      code: "invalid_channel",
    });
    const key = { scope: long, value: "k" };
    expect(await link.publish({ ...base, channel: "a:b", key })).toMatchObject({ field: "/key" });
    const session = { id: long, seq: 1 };
    expect(await link.publish({ ...base, channel: "a:b", session })).toMatchObject({
      field: "/session",
    });
    expect(await link.enter("a:b", { id: long })).toMatchObject({ code: "invalid_field" });
    expect(await publish(link, 1)).toMatchObject({ ok: true });
  });
});
