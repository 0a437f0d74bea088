import assert from "node:assert/strict";
import type { Published, Snapshot } from "../../contract.js";
import {
  type BrokerCheck,
  check,
  offsets,
  offsetsOf,
  published,
  publishMany,
  read,
  roomy,
  type Station,
  value,
} from "../bench.js";

const at = ({ epoch, offset, id }: Published, state: unknown = { at: offset }): Snapshot => ({
  position: { epoch, offset, id },
  state,
});

async function store({ link }: Station, channel: string, snapshot: Snapshot): Promise<boolean> {
  return value(await link.storeSnapshot(channel, snapshot));
}

/** The `n`th publish. */
function nth(outcomes: readonly Published[], n: number): Published {
  const outcome = outcomes[n - 1];
  assert.ok(outcome);
  return outcome;
}

export const snapshotChecks: readonly BrokerCheck[] = [
  check(
    "has no snapshot until one is stored, and then gives it back on every link",
    async (bench) => {
      const station = await bench.station("g1");
      const outcomes = await publishMany(station, "a:b", 2);
      assert.equal(value(await station.link.loadSnapshot("a:b")), null);
      const snapshot = at(nth(outcomes, 2), { members: ["ann"], "": null });
      assert.equal(await store(station, "a:b", snapshot), true);
      const other = await bench.station("g2");
      assert.deepEqual(value(await other.link.loadSnapshot("a:b")), snapshot);
      assert.equal(value(await other.link.loadSnapshot("a:c")), null);
    },
  ),

  check("replaces a snapshot only by one at a higher offset", async (bench) => {
    const station = await bench.station();
    const outcomes = await publishMany(station, "a:b", 3);
    assert.equal(await store(station, "a:b", at(nth(outcomes, 2))), true);
    assert.equal(await store(station, "a:b", at(nth(outcomes, 2), "other")), false);
    assert.equal(await store(station, "a:b", at(nth(outcomes, 1))), false);
    assert.deepEqual(value(await station.link.loadSnapshot("a:b"))?.state, { at: 2 });
    assert.equal(await store(station, "a:b", at(nth(outcomes, 3))), true);
    assert.deepEqual(value(await station.link.loadSnapshot("a:b"))?.state, { at: 3 });
  }),

  check("refuses a snapshot of another epoch, another entry or beyond the top", async (bench) => {
    const station = await bench.station();
    const [only] = await publishMany(station, "a:b", 1);
    assert.ok(only);
    assert.equal(await store(station, "a:b", at({ ...only, epoch: "elsewhere" })), false);
    assert.equal(await store(station, "a:b", at({ ...only, id: "another" })), false);
    assert.equal(await store(station, "a:b", at({ ...only, offset: 2 })), false);
    assert.equal(await store(station, "a:none", at(only)), false);
    assert.equal(value(await station.link.loadSnapshot("a:b")), null);
  }),

  check("lets exactly one of many snapshots at the same position stand", async (bench) => {
    const stations = [await bench.station("g1"), await bench.station("g2")] as const;
    const outcome = await published(stations[0], "a:b", 1);
    const stored = await Promise.all(
      offsets(1, 6).flatMap((n) =>
        stations.map((station) => store(station, "a:b", at(outcome, n))),
      ),
    );
    assert.equal(stored.filter((won) => won).length, 1);
  }),

  check("never trims what follows the stored snapshot", async (bench) => {
    const station = await bench.station();
    const history = { ...roomy, maxCount: 2 };
    const outcomes = await publishMany(station, "a:b", 3, { history });
    assert.equal(await store(station, "a:b", at(nth(outcomes, 3))), true);
    const later = await publishMany(station, "a:b", 7, { history });
    const joined = await read(station, "a:b", 3);
    assert.deepEqual([joined.first <= 4, offsetsOf(joined)], [true, offsets(4, 10)]);
    assert.equal(await store(station, "a:b", at(nth(later, 5))), true);
    await published(station, "a:b", "next", { history });
    assert.deepEqual(offsetsOf(await read(station, "a:b", 0)), [9, 10, 11]);
  }),

  check(
    "keeps what follows the stored snapshot also past its age",
    async (bench) => {
      const station = await bench.station();
      const history = { ...roomy, maxAgeMs: 5_000 };
      const outcomes = await publishMany(station, "a:b", 3, { history });
      assert.equal(await store(station, "a:b", at(nth(outcomes, 2))), true);
      await bench.advance(60_000);
      assert.deepEqual(offsetsOf(await read(station, "a:b", 0)), [3]);
    },
    ["clock"],
  ),

  check("lets nothing go that a pinned channel's state is folded from", async (bench) => {
    const station = await bench.station();
    const pinned = { pinned: true, history: { ...roomy, maxCount: 2 } };
    const outcomes = await publishMany(station, "a:b", 9, pinned);
    assert.deepEqual(offsetsOf(await read(station, "a:b")), offsets(1, 9));
    assert.equal(await store(station, "a:b", at(nth(outcomes, 5))), true);
    await published(station, "a:b", "next", pinned);
    assert.deepEqual(offsetsOf(await read(station, "a:b")), offsets(6, 10));
    await published(station, "a:b", "last", { history: { ...roomy, maxCount: 2 } });
    assert.deepEqual(offsetsOf(await read(station, "a:b")), offsets(6, 11));
  }),

  check(
    "lets nothing go that a pinned channel's state is folded from, however old it is",
    async (bench) => {
      const station = await bench.station();
      const pinned = { pinned: true, history: { ...roomy, maxAgeMs: 5_000 } };
      await publishMany(station, "a:b", 3, pinned);
      await bench.advance(60_000);
      assert.deepEqual(offsetsOf(await read(station, "a:b")), [1, 2, 3]);
    },
    ["clock"],
  ),

  check("refuses a snapshot that the retained entries no longer meet", async (bench) => {
    const station = await bench.station();
    const outcomes = await publishMany(station, "a:b", 5, { history: { ...roomy, maxCount: 2 } });
    assert.equal(await store(station, "a:b", at(nth(outcomes, 2))), false);
    assert.equal(await store(station, "a:b", at(nth(outcomes, 3))), true);
  }),

  check("is not touched by what a caller does to its state afterwards", async (bench) => {
    const station = await bench.station();
    const state = { list: [1] };
    await store(station, "a:b", at(await published(station, "a:b", 1), state));
    state.list.push(2);
    assert.deepEqual(value(await station.link.loadSnapshot("a:b"))?.state, { list: [1] });
  }),
];
