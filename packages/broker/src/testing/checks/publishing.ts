import assert from "node:assert/strict";
import { isFailure } from "../../contract.js";
import {
  type BrokerCheck,
  check,
  offsets,
  offsetsOf,
  publish,
  published,
  publishMany,
  read,
  refusal,
  roomy,
  value,
} from "../bench.js";

const identifier = /^[A-Za-z0-9_-]{1,32}$/;

/** Names that careless encodings confuse. */
const oddNames = [
  "a:b",
  "a:B",
  "a:b/c",
  "a:b:c",
  "a:b.c",
  "a:b_c",
  "a:b-c",
  "a:b~c",
  "a:b@c",
  "a:b:",
  "a:b/",
  "a:b~1",
  "a:b~0",
  "a:b~2f",
  "a:b.2f",
  "a-b:c",
  "a:-b:c",
  "ab:c",
  "a:bc",
  "a:b//c",
  "a:b/./c",
  "a:b/../c",
  "a:..",
  "a:.",
  "a:__proto__",
  "a:constructor",
  "a:b.log",
  "a:b:meta",
  "a:b:head",
];

const pick = <T>(items: readonly [T, ...T[]], n: number): T => items[n % items.length] ?? items[0];

export const publishingChecks: readonly BrokerCheck[] = [
  check("gives a channel's entries the offsets 1, 2, 3 … in one epoch", async (bench) => {
    const station = await bench.station();
    const outcomes = await publishMany(station, "a:b", 5);
    assert.deepEqual(
      outcomes.map((outcome) => outcome.offset),
      offsets(1, 5),
    );
    assert.equal(new Set(outcomes.map((outcome) => outcome.epoch)).size, 1);
    assert.ok(outcomes.every((outcome) => !outcome.duplicate));
  }),

  check("a channel never written to has a stable epoch, offset 0 and no witness", async (bench) => {
    const station = await bench.station();
    const { link } = station;
    const head = value(await link.follow("a:b", { presence: false }));
    assert.equal(head.offset, 0);
    assert.equal(head.id, undefined);
    assert.deepEqual(value(await link.heads(["a:b"])), [head]);
    const first = await published(station, "a:b", 1);
    assert.equal(first.epoch, head.epoch);
  }),

  check("names epochs and entries within the grammar, each its own", async (bench) => {
    const station = await bench.station();
    const names = offsets(1, 20).map((n) => `a:${n}`);
    const outcomes = await Promise.all(names.map((name) => published(station, name, 1)));
    assert.equal(new Set(outcomes.map((outcome) => outcome.epoch)).size, 20);
    assert.equal(new Set(outcomes.map((outcome) => outcome.id)).size, 20);
    for (const { epoch, id } of outcomes) {
      assert.match(epoch, identifier);
      assert.match(id, identifier);
    }
  }),

  check("keeps what the publisher handed in, and nothing else", async (bench) => {
    const station = await bench.station();
    const given = { user: "ann", tags: ["x", "y"], meta: { traceparent: "00-1" }, timeMs: 1_234 };
    const { id } = await published(station, "a:b", { text: "hi" }, given);
    await published(station, "a:b", 1);
    const [full, bare] = (await read(station, "a:b")).entries;
    assert.deepEqual(full, { offset: 1, id, data: { text: "hi" }, ...given });
    assert.deepEqual(Object.keys(bare ?? {}).sort(), ["data", "id", "offset", "timeMs"]);
  }),

  check("gives every JSON value back equal", async (bench) => {
    const station = await bench.station();
    const values = [
      null,
      false,
      0,
      -1.5,
      1e300,
      "",
      '\u0000"\\\u2028 ünï 💡',
      [],
      {},
      [[], [null]],
      JSON.parse('{"__proto__":{"x":1},"constructor":2,"":3}'),
      { n: Number.MAX_SAFE_INTEGER },
    ];
    for (const data of values) await published(station, "a:b", data);
    const page = await read(station, "a:b");
    assert.deepEqual(
      page.entries.map((entry) => JSON.stringify(entry.data)),
      values.map((data) => JSON.stringify(data)),
    );
  }),

  check(
    "gives bytes back as the same bytes, also from a view into a larger buffer",
    async (bench) => {
      const station = await bench.station();
      const whole = Uint8Array.from(offsets(0, 255));
      const view = whole.subarray(100, 200);
      value(await station.link.publish({ channel: "a:b", bytes: view, timeMs: 1, history: roomy }));
      whole.fill(0);
      const [entry] = (await read(station, "a:b")).entries;
      assert.deepEqual([...(entry?.bytes ?? [])], offsets(100, 199));
      assert.ok(entry !== undefined && !("data" in entry));
    },
  ),

  check("is not touched by what a caller does to its payload afterwards", async (bench) => {
    const station = await bench.station();
    const data = { list: [1] };
    const tags = ["x"];
    // Several: an engine may keep all but the first waiting.
    const outcomes = offsets(1, 3).map(() => publish(station, "a:b", data, { tags }));
    data.list.push(2);
    tags.push("y");
    for (const outcome of outcomes) value(await outcome);
    const { entries } = await read(station, "a:b");
    assert.deepEqual(
      entries.map((entry) => [entry.data, entry.tags]),
      offsets(1, 3).map(() => [{ list: [1] }, ["x"]]),
    );
  }),

  check(
    "appends under `expectedOffset` only at that offset, and a refusal appends nothing",
    async (bench) => {
      const station = await bench.station();
      await published(station, "a:b", 1, { expectedOffset: 0 });
      for (const expectedOffset of [0, 2, 99]) {
        const failure = refusal(await publish(station, "a:b", 2, { expectedOffset }));
        assert.deepEqual([failure.code, failure.unknown ?? false], ["offset_mismatch", false]);
      }
      assert.equal((await published(station, "a:b", 2, { expectedOffset: 1 })).offset, 2);
      assert.deepEqual(offsetsOf(await read(station, "a:b")), [1, 2]);
    },
  ),

  check("lets exactly one of many with the same `expectedOffset` through", async (bench) => {
    const stations = [await bench.station("g1"), await bench.station("g2")];
    const outcomes = await Promise.all(
      offsets(1, 10).flatMap((n) =>
        stations.map((station) => publish(station, "a:b", n, { expectedOffset: 0 })),
      ),
    );
    assert.equal(outcomes.filter((outcome) => !isFailure(outcome)).length, 1);
  }),

  check("gives publishers on several links one order without holes", async (bench) => {
    const one = await bench.station("g1");
    const stations = [one, await bench.station("g2"), await bench.station("g3")] as const;
    const outcomes = await Promise.all(
      offsets(1, 30).map((n) => published(pick(stations, n), "a:b", n)),
    );
    assert.deepEqual(
      outcomes.map((outcome) => outcome.offset).sort((a, b) => a - b),
      offsets(1, 30),
    );
    for (const station of stations) {
      const page = await read(station, "a:b");
      for (const [index, outcome] of outcomes.entries()) {
        const entry = page.entries[outcome.offset - 1];
        assert.deepEqual([entry?.id, entry?.data], [outcome.id, index + 1]);
      }
    }
  }),

  check("keeps channels apart whatever their names", async (bench) => {
    const station = await bench.station();
    for (const name of oddNames) await station.link.follow(name, { presence: false });
    for (const name of oddNames) await published(station, name, name);
    await bench.settle();
    for (const name of oddNames) {
      const page = await read(station, name);
      assert.deepEqual(
        page.entries.map((entry) => entry.data),
        [name],
      );
    }
    assert.deepEqual(
      station.heard.entries.map((told) => [told.channel, told.entry.data]).sort(),
      oddNames.map((name) => [name, name]).sort(),
    );
  }),

  check(
    "places every channel in one of the declared partitions, evenly and alike for every link",
    async (bench) => {
      const one = await bench.station("g1");
      const two = await bench.station("g2");
      const { partitions } = bench.harness.broker.capabilities;
      const counts = new Map<number, number>();
      for (let n = 0; n < 64 * partitions; n += 1) {
        const partition = one.link.partitionOf(`room:${n}`);
        assert.ok(Number.isInteger(partition) && partition >= 0 && partition < partitions);
        assert.equal(two.link.partitionOf(`room:${n}`), partition);
        counts.set(partition, (counts.get(partition) ?? 0) + 1);
      }
      assert.ok(Math.max(...counts.values()) <= 128, "a partition has twice its share");
      assert.equal(counts.size, partitions);
    },
  ),
];
