import assert from "node:assert/strict";
import {
  type BrokerCheck,
  check,
  offsets,
  offsetsOf,
  published,
  publishMany,
  read,
  roomy,
  value,
} from "../bench.js";

export const historyChecks: readonly BrokerCheck[] = [
  check("shows on every link at once what was acknowledged", async (bench) => {
    const writer = await bench.station("g1");
    const reader = await bench.station("g2");
    for (const n of offsets(1, 10)) {
      const { offset, id, epoch } = await published(writer, "a:b", n);
      const page = await read(reader, "a:b", offset - 1);
      assert.deepEqual([page.epoch, page.top, page.topId], [epoch, offset, id]);
      assert.deepEqual(value(await reader.link.heads(["a:b"])), [{ epoch, offset, id }]);
    }
  }),

  check("answers heads in the order asked", async (bench) => {
    const station = await bench.station();
    for (const n of offsets(1, 5)) await publishMany(station, `a:${n}`, n);
    const heads = value(await station.link.heads(["a:4", "a:1", "a:none", "a:5"]));
    assert.deepEqual(
      heads.map((head) => head.offset),
      [4, 1, 0, 5],
    );
  }),

  check("retains exactly the newest `maxCount` entries", async (bench) => {
    const station = await bench.station();
    await publishMany(station, "a:b", 10, { history: { ...roomy, maxCount: 3 } });
    const page = await read(station, "a:b");
    assert.deepEqual([page.first, page.top, offsetsOf(page)], [8, 10, [8, 9, 10]]);
  }),

  check("retains no more than `maxBytes` of payload, newest first", async (bench) => {
    const station = await bench.station();
    const data = "x".repeat(1_000);
    const history = { ...roomy, maxBytes: 5_500 };
    for (let n = 0; n < 10; n += 1) await published(station, "a:b", data, { history });
    const page = await read(station, "a:b");
    const count = page.entries.length;
    assert.ok(count >= 3 && count <= 5, `${count} entries of 1000 bytes within 5500 bytes`);
    assert.deepEqual(offsetsOf(page), offsets(page.first, 10));
  }),

  check(
    "retains entries for `maxAgeMs` of the engine's time, whatever their stamp says",
    async (bench) => {
      const station = await bench.station();
      const history = { ...roomy, maxAgeMs: 10_000 };
      await published(station, "a:b", "old", { history, timeMs: 9_000_000_000_000 });
      await bench.advance(6_000);
      await published(station, "a:b", "new", { history, timeMs: 0 });
      assert.deepEqual(offsetsOf(await read(station, "a:b")), [1, 2]);
      await bench.advance(6_000);
      assert.deepEqual(offsetsOf(await read(station, "a:b")), [2]);
      await bench.advance(6_000);
      const page = await read(station, "a:b");
      assert.deepEqual([page.first, page.top, page.entries], [3, 2, []]);
    },
    ["clock"],
  ),

  check("counts offsets on where nothing is retained", async (bench) => {
    const station = await bench.station();
    for (const bound of ["maxCount", "maxBytes", "maxAgeMs"] as const) {
      const history = { ...roomy, [bound]: 0 };
      const [, last] = await publishMany(station, `a:${bound}`, 2, { history });
      const page = await read(station, `a:${bound}`);
      assert.deepEqual([page.top, page.first, page.entries], [2, 3, []]);
      assert.equal(page.topId, last?.id);
    }
  }),

  check("obeys the bounds of the newest publish", async (bench) => {
    const station = await bench.station();
    await publishMany(station, "a:b", 10);
    await published(station, "a:b", 11, { history: { ...roomy, maxCount: 2 } });
    assert.deepEqual(offsetsOf(await read(station, "a:b")), [10, 11]);
  }),

  check("pages through history by count, each entry once and in order", async (bench) => {
    const station = await bench.station();
    await publishMany(station, "a:b", 10);
    for (const maxCount of [1, 3, 10, 100]) {
      const seen: number[] = [];
      for (let after = 0; after < 10; after = seen.at(-1) ?? 10) {
        const page = await read(station, "a:b", after, maxCount);
        assert.ok(page.entries.length > 0 && page.entries.length <= maxCount);
        assert.deepEqual([page.top, page.first], [10, 1]);
        seen.push(...offsetsOf(page));
      }
      assert.deepEqual(seen, offsets(1, 10));
    }
  }),

  check("pages through history by bytes, always with at least one entry", async (bench) => {
    const station = await bench.station();
    for (let n = 0; n < 6; n += 1) await published(station, "a:b", "x".repeat(1_000));
    assert.deepEqual(offsetsOf(await read(station, "a:b", 0, 100, 1)), [1]);
    const some = await read(station, "a:b", 1, 100, 3_500);
    assert.ok(some.entries.length >= 2 && some.entries.length <= 3);
    assert.deepEqual(offsetsOf(some), offsets(2, 1 + some.entries.length));
  }),

  check(
    "reads from the oldest retained entry where the place asked for is trimmed",
    async (bench) => {
      const station = await bench.station();
      await publishMany(station, "a:b", 10, { history: { ...roomy, maxCount: 4 } });
      const page = await read(station, "a:b", 2);
      assert.deepEqual([page.first, offsetsOf(page), page.witness], [7, [7, 8, 9, 10], undefined]);
    },
  ),

  check("names the witness of the place read from while it is retained", async (bench) => {
    const station = await bench.station();
    const outcomes = await publishMany(station, "a:b", 3);
    assert.equal((await read(station, "a:b", 0)).witness, undefined);
    for (const { offset, id } of outcomes) {
      assert.equal((await read(station, "a:b", offset)).witness, id);
    }
  }),

  check("answers a place at or beyond the top with no entries and the true top", async (bench) => {
    const station = await bench.station();
    const [, last] = await publishMany(station, "a:b", 2);
    for (const after of [2, 3, 1_000]) {
      const page = await read(station, "a:b", after);
      assert.deepEqual([page.top, page.topId, page.entries], [2, last?.id, []]);
    }
    assert.equal((await read(station, "a:b", 3)).witness, undefined);
  }),

  check("begins a channel without ancestors", async (bench) => {
    const station = await bench.station();
    await published(station, "a:b", 1);
    assert.deepEqual((await read(station, "a:b")).lineage, []);
  }),
];
