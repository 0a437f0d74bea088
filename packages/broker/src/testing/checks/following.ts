import assert from "node:assert/strict";
import {
  type BrokerCheck,
  check,
  offsets,
  offsetsOf,
  published,
  publishMany,
  read,
  refusal,
  value,
} from "../bench.js";

const entriesOnly = { presence: false };

export const followingChecks: readonly BrokerCheck[] = [
  check("tells every following link of every entry once and in order", async (bench) => {
    const stations = [await bench.station("g1"), await bench.station("g2")] as const;
    for (const { link } of stations) value(await link.follow("a:b", entriesOnly));
    await publishMany(stations[0], "a:b", 20);
    await bench.settle();
    for (const { heard } of stations) assert.deepEqual(heard.offsets("a:b"), offsets(1, 20));
  }),

  check("tells links and readers the same", async (bench) => {
    const station = await bench.station();
    await station.link.follow("a:b", entriesOnly);
    await published(station, "a:b", { x: [1] }, { user: "ann", tags: ["t"], meta: { m: "1" } });
    await bench.settle();
    const page = await read(station, "a:b");
    assert.deepEqual(station.heard.entries, [
      { channel: "a:b", epoch: page.epoch, entry: page.entries[0] },
    ]);
  }),

  check("tells of every entry after the head that `follow` answered with", async (bench) => {
    const writer = await bench.station("g1");
    const reader = await bench.station("g2");
    await publishMany(writer, "a:b", 3);
    const head = value(await reader.link.follow("a:b", entriesOnly));
    await publishMany(writer, "a:b", 3);
    await bench.settle();
    const known = reader.heard.offsets("a:b").filter((offset) => offset > head.offset);
    assert.deepEqual([head.offset, known], [3, [4, 5, 6]]);
  }),

  check("tells once also when followed twice", async (bench) => {
    const station = await bench.station();
    const first = await station.link.follow("a:b", entriesOnly);
    assert.deepEqual(await station.link.follow("a:b", entriesOnly), first);
    await published(station, "a:b", 1);
    await bench.settle();
    assert.deepEqual(station.heard.offsets("a:b"), [1]);
  }),

  check("tells nothing of channels not followed or no longer followed", async (bench) => {
    const station = await bench.station("g1");
    const other = await bench.station("g2");
    await station.link.follow("a:b", entriesOnly);
    await other.link.follow("a:b", entriesOnly);
    await published(station, "a:c", 1);
    await bench.settle();
    station.link.unfollow("a:b");
    station.link.unfollow("a:never");
    await bench.settle();
    await published(station, "a:b", 1);
    await bench.settle();
    assert.deepEqual(station.heard.entries, []);
    assert.deepEqual(other.heard.offsets("a:b"), [1]);
  }),

  check("tells again after following again", async (bench) => {
    const station = await bench.station();
    await station.link.follow("a:b", entriesOnly);
    station.link.unfollow("a:b");
    await published(station, "a:b", 1);
    await station.link.follow("a:b", entriesOnly);
    await published(station, "a:b", 2);
    await bench.settle();
    assert.deepEqual(station.heard.offsets("a:b").at(-1), 2);
  }),

  check("has appended an entry before anyone is told of it", async (bench) => {
    const station = await bench.station();
    const pages: Promise<number>[] = [];
    station.heard.whileHearing = (channel, entry) => {
      pages.push(read(station, channel, entry.offset - 1).then((page) => page.top));
      assert.ok(pages.length <= 3);
    };
    await station.link.follow("a:b", entriesOnly);
    const tops: number[] = [];
    for (const n of offsets(1, 3)) {
      await published(station, "a:b", n);
      await bench.settle();
      tops.push(...(await Promise.all(pages.splice(0))));
    }
    assert.deepEqual(tops, [1, 2, 3]);
  }),

  check(
    "tells the others when one listener throws, and acknowledges all the same",
    async (bench) => {
      const broken = await bench.station("g1");
      const sound = await bench.station("g2");
      broken.heard.whileHearing = () => {
        throw new Error("a listener's own mistake");
      };
      await broken.link.follow("a:b", entriesOnly);
      await sound.link.follow("a:b", entriesOnly);
      await publishMany(sound, "a:b", 2);
      await bench.settle();
      assert.deepEqual(sound.heard.offsets("a:b"), [1, 2]);
      assert.deepEqual(broken.heard.offsets("a:b"), [1, 2]);
    },
  ),

  check(
    "says nothing more to a closed link and refuses its operations as values",
    async (bench) => {
      const station = await bench.station("g1");
      const other = await bench.station("g2");
      await station.link.follow("a:b", entriesOnly);
      await station.link.close();
      await station.link.close();
      await published(other, "a:b", 1);
      await bench.settle();
      assert.deepEqual(station.heard.entries, []);
      refusal(await station.link.follow("a:b", entriesOnly));
      refusal(await station.link.read({ channel: "a:b", after: 0, maxCount: 1, maxBytes: 1 }));
      station.link.unfollow("a:b");
      station.link.leave("a:b", "m", { grace: false });
    },
  ),
];

export const ephemeralChecks: readonly BrokerCheck[] = [
  check("fans ephemeral publications out to followers and stores nothing", async (bench) => {
    const stations = [await bench.station("g1"), await bench.station("g2")] as const;
    for (const { link } of stations) await link.follow("a:b", entriesOnly);
    const before = value(await stations[0].link.heads(["a:b"]));
    const sent = { channel: "a:b", data: { x: 1 }, user: "ann", key: "cursor", tags: ["t"] };
    value(await stations[0].link.publishEphemeral(sent));
    await bench.settle();
    for (const { heard } of stations) {
      assert.deepEqual(heard.ephemerals, [sent]);
      assert.deepEqual(heard.entries, []);
    }
    assert.deepEqual(value(await stations[0].link.heads(["a:b"])), before);
    assert.deepEqual(offsetsOf(await read(stations[0], "a:b")), []);
  }),

  check("tells nothing ephemeral of channels not followed", async (bench) => {
    const station = await bench.station();
    await station.link.follow("a:b", entriesOnly);
    value(await station.link.publishEphemeral({ channel: "a:c", data: 1 }));
    station.link.unfollow("a:b");
    await bench.settle();
    value(await station.link.publishEphemeral({ channel: "a:b", data: 1 }));
    await bench.settle();
    assert.deepEqual(station.heard.ephemerals, []);
  }),

  check("carries ephemeral bytes", async (bench) => {
    const station = await bench.station();
    await station.link.follow("a:b", entriesOnly);
    value(await station.link.publishEphemeral({ channel: "a:b", bytes: Uint8Array.of(0, 255) }));
    await bench.settle();
    assert.deepEqual([...(station.heard.ephemerals[0]?.bytes ?? [])], [0, 255]);
  }),
];
