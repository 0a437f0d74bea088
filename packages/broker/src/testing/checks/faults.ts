import assert from "node:assert/strict";
import type { HistoryPage } from "../../contract.js";
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

const entriesOnly = { presence: false };
const key = (text: string) => ({ key: { scope: "ann", value: text } });

/** Whether a position may resume in a page's epoch. */
function resumable(page: HistoryPage, epoch: string, offset: number): boolean {
  if (page.epoch === epoch) return offset <= page.top;
  return page.lineage.some((older) => older.parent === epoch && offset <= older.upTo);
}

export const availabilityChecks: readonly BrokerCheck[] = [
  check(
    "refuses as retryable while unreachable, says so, and says when it is back and what may be lost",
    async (bench) => {
      const station = await bench.station();
      await station.link.follow("a:b", entriesOnly);
      await published(station, "a:b", 1);
      await bench.settle();
      await bench.faults.pause();
      assert.equal(refusal(await publish(station, "a:b", 2)).retryable, true);
      assert.equal(refusal(await station.link.heads(["a:b"])).retryable, true);
      assert.deepEqual(station.heard.availability, [false]);
      await bench.faults.resume();
      await bench.settle();
      assert.deepEqual(station.heard.availability, [false, true]);
      assert.ok(station.heard.gaps >= 1);
      await published(station, "a:b", 3);
      await bench.settle();
      const data = (await read(station, "a:b")).entries.map((entry) => entry.data);
      assert.deepEqual([data.at(-1), station.heard.offsets("a:b").at(-1)], [3, data.length]);
    },
    ["pause"],
  ),

  check(
    "leaves a trace of what the relay lost in changes and heads, and the entries in history",
    async (bench) => {
      const writer = await bench.station("g1");
      const reader = await bench.station("g2");
      await reader.link.follow("a:b", entriesOnly);
      await published(writer, "a:b", 1);
      await bench.settle();
      const partition = reader.link.partitionOf("a:b");
      const { cursor } = value(await reader.link.changes(partition, undefined));
      await bench.faults.cutRelay("g2");
      const lost = await published(writer, "a:b", 2);
      await bench.settle();
      assert.deepEqual(reader.heard.offsets("a:b"), [1]);
      const head = { epoch: lost.epoch, offset: 2, id: lost.id };
      const changes = value(await reader.link.changes(partition, cursor));
      assert.deepEqual([changes.complete, changes.changed], [true, [{ channel: "a:b", head }]]);
      assert.deepEqual(value(await reader.link.heads(["a:b"])), [head]);
      assert.deepEqual(offsetsOf(await read(reader, "a:b", 1)), [2]);
      await bench.faults.mendRelay("g2");
      await published(writer, "a:b", 3);
      await bench.settle();
      assert.deepEqual(reader.heard.offsets("a:b"), [1, 3]);
    },
    ["cutRelay"],
  ),
];

export const continuityChecks: readonly BrokerCheck[] = [
  check(
    "begins a new epoch with lineage when a suffix was lost, and goes on from what is left",
    async (bench) => {
      const station = await bench.station();
      const outcomes = await publishMany(station, "a:b", 5);
      const parent = outcomes[0]?.epoch ?? "";
      await bench.faults.loseSuffix("a:b", 2);
      const page = await read(station, "a:b");
      assert.notEqual(page.epoch, parent);
      assert.deepEqual(page.lineage[0], { parent, upTo: 3 });
      assert.deepEqual([page.top, page.topId, offsetsOf(page)], [3, outcomes[2]?.id, [1, 2, 3]]);
      const next = await published(station, "a:b", "new");
      assert.deepEqual([next.epoch, next.offset], [page.epoch, 4]);
      assert.notEqual(next.id, outcomes[3]?.id);
      assert.deepEqual(
        offsets(0, 5).map((offset) => resumable(page, parent, offset)),
        [true, true, true, true, false, false],
      );
    },
    ["loseSuffix"],
  ),

  check(
    "shows a lost suffix to whoever compares heads or changes",
    async (bench) => {
      const station = await bench.station();
      await publishMany(station, "a:b", 3);
      const partition = station.link.partitionOf("a:b");
      const { cursor } = value(await station.link.changes(partition, undefined));
      await bench.faults.loseSuffix("a:b", 1);
      const page = await read(station, "a:b");
      const changes = value(await station.link.changes(partition, cursor));
      const told = changes.changed.find((change) => change.channel === "a:b");
      assert.ok(!changes.complete || told?.head.epoch === page.epoch);
      assert.equal(value(await station.link.heads(["a:b"]))[0]?.epoch, page.epoch);
    },
    ["loseSuffix"],
  ),

  check(
    "forgets the keys and places in order of lost entries, and keeps those of entries that are left",
    async (bench) => {
      const station = await bench.station();
      const session = (seq: number) => ({ session: { id: "s1", seq } });
      const kept = await published(station, "a:b", "kept", { ...key("k1"), ...session(1) });
      await published(station, "a:b", "lost", { ...key("k2"), ...session(2) });
      await bench.faults.loseSuffix("a:b", 1);
      const again = await published(station, "a:b", "kept", key("k1"));
      assert.deepEqual([again.duplicate, again.offset], [true, kept.offset]);
      const repeat = await publish(station, "a:b", "lost", { ...key("k2"), ...session(2) });
      if (repeat.ok) assert.deepEqual([repeat.duplicate, repeat.offset], [false, 2]);
      else assert.equal(repeat.code, "out_of_order");
    },
    ["loseSuffix"],
  ),

  check(
    "remembers the ancestors of every loss, nearest first",
    async (bench) => {
      const station = await bench.station();
      const first = (await publishMany(station, "a:b", 5))[0]?.epoch ?? "";
      await bench.faults.loseSuffix("a:b", 1);
      const second = (await read(station, "a:b")).epoch;
      await publishMany(station, "a:b", 3);
      await bench.faults.loseSuffix("a:b", 5);
      const page = await read(station, "a:b");
      // An engine that went back to an earlier state as a whole has lost the second epoch itself.
      const known = page.lineage.some((older) => older.parent === second);
      if (known) assert.deepEqual(page.lineage[0], { parent: second, upTo: 2 });
      assert.deepEqual(
        [2, 3].map((offset) => resumable(page, first, offset)),
        [true, false],
      );
    },
    ["loseSuffix"],
  ),

  check(
    "keeps a snapshot that the lost suffix does not touch, under the new epoch, and drops one it does",
    async (bench) => {
      const station = await bench.station();
      for (const [channel, at] of [
        ["a:kept", 2],
        ["a:lost", 3],
      ] as const) {
        const { epoch, offset, id } =
          (await publishMany(station, channel, at)).at(-1) ?? assert.fail();
        value(
          await station.link.storeSnapshot(channel, { position: { epoch, offset, id }, state: at }),
        );
        await publishMany(station, channel, 3 - at);
        await bench.faults.loseSuffix(channel, 1);
      }
      const kept = value(await station.link.loadSnapshot("a:kept"));
      const { epoch } = await read(station, "a:kept");
      assert.deepEqual([kept?.state, kept?.position.offset, kept?.position.epoch], [2, 2, epoch]);
      assert.equal(value(await station.link.loadSnapshot("a:lost")), null);
    },
    ["loseSuffix"],
  ),

  check(
    "leaves a pinned channel from which the state can be had, or nothing of it and no lineage",
    async (bench) => {
      const station = await bench.station();
      const pinned = { pinned: true, history: { ...roomy, maxCount: 1 } };
      for (const lost of [1, 2, 4]) {
        const channel = `a:lost-${lost}`;
        const outcomes = await publishMany(station, channel, 6, pinned);
        for (const { epoch, offset, id } of [outcomes[1], outcomes[4]].flatMap((o) => o ?? [])) {
          const snapshot = { position: { epoch, offset, id }, state: offset };
          value(await station.link.storeSnapshot(channel, snapshot));
        }
        await bench.faults.loseSuffix(channel, lost);
        const page = await read(station, channel);
        const snapshot = value(await station.link.loadSnapshot(channel));
        const from = snapshot?.position.offset ?? 0;
        assert.equal(snapshot?.position.epoch ?? page.epoch, page.epoch);
        assert.equal(snapshot?.state ?? 0, from);
        assert.deepEqual([from <= page.top, page.first <= from + 1], [true, true]);
        if (page.lineage.length > 0) assert.equal(page.top, 6 - lost);
        else assert.deepEqual([page.top, page.entries, from], [0, [], 0]);
      }
    },
    ["loseSuffix"],
  ),

  check(
    "begins everything anew after losing everything, and no old position resumes",
    async (bench) => {
      const station = await bench.station();
      await station.link.follow("a:b", entriesOnly);
      const first = await published(station, "a:b", 1, key("k"));
      const { epoch, offset, id } = first;
      value(await station.link.storeSnapshot("a:b", { position: { epoch, offset, id }, state: 1 }));
      const partition = station.link.partitionOf("a:b");
      const { cursor } = value(await station.link.changes(partition, undefined));
      await bench.faults.wipe();
      assert.equal(value(await station.link.changes(partition, cursor)).complete, false);
      const page = await read(station, "a:b");
      assert.notEqual(page.epoch, epoch);
      assert.deepEqual([page.top, page.entries, page.lineage], [0, [], []]);
      assert.equal(value(await station.link.loadSnapshot("a:b")), null);
      const again = await published(station, "a:b", 1, key("k"));
      assert.deepEqual([again.epoch, again.offset, again.duplicate], [page.epoch, 1, false]);
      await bench.settle();
      assert.equal(station.heard.entries.at(-1)?.epoch, page.epoch);
    },
    ["wipe"],
  ),

  check(
    "registers the members of living links again after losing everything, in a new life",
    async (bench) => {
      const station = await bench.station();
      await station.link.follow("a:b", { presence: true });
      value(await station.link.enter("a:b", { id: "m", data: 1 }));
      const before = value(await station.link.presence("a:b", 10));
      await bench.faults.wipe();
      await bench.advance(bench.harness.broker.capabilities.presenceLeaseMs);
      const after = value(await station.link.presence("a:b", 10));
      assert.notEqual(after.life, before.life);
      assert.deepEqual(after.members, [{ id: "m", data: 1 }]);
    },
    ["wipe", "clock"],
  ),

  check(
    "after a restart, either still has every acknowledged entry or has begun a new epoch",
    async (bench) => {
      const station = await bench.station();
      await station.link.follow("a:b", entriesOnly);
      const outcomes = await publishMany(station, "a:b", 5);
      const { epoch } = outcomes[0] ?? assert.fail();
      await bench.faults.restart();
      const page = await read(station, "a:b");
      const { durability } = bench.harness.broker.capabilities;
      if (durability === "none") assert.deepEqual([page.epoch !== epoch, page.top], [true, 0]);
      if (durability === "disk" || durability === "replicated") {
        assert.equal(resumable(page, epoch, 5), true);
      }
      for (const { offset, id } of outcomes) {
        if (!resumable(page, epoch, offset)) continue;
        assert.equal(page.entries.find((entry) => entry.offset === offset)?.id, id);
      }
      assert.deepEqual(station.heard.availability, [false, true]);
      assert.ok(station.heard.gaps >= 1);
      const next = await published(station, "a:b", "next");
      assert.deepEqual([next.epoch, next.offset], [page.epoch, page.top + 1]);
      await bench.settle();
      assert.equal(station.heard.entries.at(-1)?.entry.id, next.id);
    },
    ["restart"],
  ),
];
