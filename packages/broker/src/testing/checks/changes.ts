import assert from "node:assert/strict";
import {
  type Bench,
  type BrokerCheck,
  check,
  offsets,
  published,
  publishMany,
  type Station,
  value,
} from "../bench.js";

/** A cursor that knows everything until now. */
async function cursorNow({ link }: Station, partition: number): Promise<string> {
  return value(await link.changes(partition, undefined)).cursor;
}

async function changedSince({ link }: Station, partition: number, cursor: string) {
  const changes = value(await link.changes(partition, cursor));
  const heads = new Map(changes.changed.map(({ channel, head }) => [channel, head]));
  return { ...changes, heads };
}

/** Two channel names of one partition. */
async function neighbours(bench: Bench, station: Station): Promise<readonly [string, string]> {
  const { partitions } = bench.harness.broker.capabilities;
  const partition = station.link.partitionOf("a:0");
  for (const n of offsets(1, 64 * partitions)) {
    if (station.link.partitionOf(`a:${n}`) === partition) return ["a:0", `a:${n}`];
  }
  throw new assert.AssertionError({ message: "no second channel falls into the partition" });
}

export const changesChecks: readonly BrokerCheck[] = [
  check(
    "names the channels of a partition that changed since a cursor, with their heads",
    async (bench) => {
      const station = await bench.station();
      const [one, two] = await neighbours(bench, station);
      const partition = station.link.partitionOf(one);
      const quiet = await cursorNow(station, partition);
      await publishMany(station, one, 3);
      const first = await changedSince(station, partition, quiet);
      assert.equal(first.complete, true);
      assert.deepEqual([...first.heads], [[one, value(await station.link.heads([one]))[0]]]);
      await published(station, two, 1);
      const second = await changedSince(station, partition, first.cursor);
      assert.deepEqual([second.complete, [...second.heads.keys()]], [true, [two]]);
      const third = await changedSince(station, partition, second.cursor);
      assert.deepEqual([third.complete, third.changed], [true, []]);
      const all = await changedSince(station, partition, quiet);
      assert.deepEqual([all.complete, [...all.heads.keys()].sort()], [true, [one, two].sort()]);
    },
  ),

  check("names no channel of another partition", async (bench) => {
    const station = await bench.station();
    const { partitions } = bench.harness.broker.capabilities;
    const partition = station.link.partitionOf("a:0");
    const cursor = await cursorNow(station, partition);
    for (const n of offsets(1, 40)) await published(station, `b:${n}`, n);
    const changes = await changedSince(station, partition, cursor);
    const mine = offsets(1, 40)
      .map((n) => `b:${n}`)
      .filter((name) => station.link.partitionOf(name) === partition);
    assert.deepEqual([...changes.heads.keys()].sort(), mine.sort(), `of ${partitions} partitions`);
  }),

  check(
    "counts neither repeats nor refusals nor ephemeral publications as a change",
    async (bench) => {
      const station = await bench.station();
      const key = { key: { scope: "u", value: "k" } };
      await published(station, "a:b", 1, key);
      const partition = station.link.partitionOf("a:b");
      const cursor = await cursorNow(station, partition);
      await published(station, "a:b", 1, key);
      await station.link.publish({
        channel: "a:b",
        data: 2,
        timeMs: 1,
        history: { maxCount: 1, maxBytes: 99, maxAgeMs: 99 },
        expectedOffset: 9,
      });
      await station.link.publishEphemeral({ channel: "a:b", data: 1 });
      assert.deepEqual((await changedSince(station, partition, cursor)).changed, []);
    },
  ),

  check("admits that it does not know a cursor", async (bench) => {
    const station = await bench.station();
    await published(station, "a:b", 1);
    const partition = station.link.partitionOf("a:b");
    for (const cursor of ["", "nonsense", "0", "never.7"]) {
      const changes = await changedSince(station, partition, cursor);
      assert.equal(changes.complete, false, cursor);
      assert.notEqual(changes.cursor, cursor);
    }
  }),

  check("lets every link use a cursor", async (bench) => {
    const one = await bench.station("g1");
    const two = await bench.station("g2");
    const partition = one.link.partitionOf("a:b");
    const cursor = await cursorNow(one, partition);
    await published(one, "a:b", 1);
    const changes = await changedSince(two, partition, cursor);
    assert.deepEqual([changes.complete, [...changes.heads.keys()]], [true, ["a:b"]]);
  }),
];
