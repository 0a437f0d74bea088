import assert from "node:assert/strict";
import type { PresenceView } from "../../contract.js";
import {
  type Bench,
  type BrokerCheck,
  check,
  offsets,
  refusal,
  type Station,
  value,
} from "../bench.js";

const withPresence = { presence: true };

async function view({ link }: Station, channel = "a:b", maxMembers = 100): Promise<PresenceView> {
  return value(await link.presence(channel, maxMembers));
}

async function ids(station: Station, channel = "a:b"): Promise<string[]> {
  return (await view(station, channel)).members.map((member) => member.id);
}

/** A link that watches the channel, and two gateways that enter members. */
async function scene(bench: Bench) {
  const watcher = await bench.station("watcher");
  await watcher.link.follow("a:b", withPresence);
  return { watcher, one: await bench.station("g1"), two: await bench.station("g2") };
}

async function enter({ link }: Station, id: string, data?: unknown, channel = "a:b") {
  value(
    await link.enter(channel, {
      id,
      user: `user of ${id}`,
      ...(data === undefined ? {} : { data }),
    }),
  );
}

export const presenceChecks: readonly BrokerCheck[] = [
  check("shows who entered, in order, with user and data", async (bench) => {
    const { watcher, one, two } = await scene(bench);
    await enter(one, "b", { name: "B" });
    await enter(two, "a");
    await enter(one, "c");
    assert.deepEqual(await ids(watcher), ["b", "a", "c"]);
    const shown = await view(watcher, "a:b", 1);
    assert.deepEqual(
      [shown.count, shown.members],
      [3, [{ id: "b", user: "user of b", data: { name: "B" } }]],
    );
    assert.deepEqual((await view(watcher, "a:other")).members, []);
  }),

  check(
    "tells of enter, update and leave with versions 1, 2, 3 … of one life and the count",
    async (bench) => {
      const { watcher, one, two } = await scene(bench);
      await enter(one, "a", 1);
      await enter(two, "b");
      await enter(one, "a", 2);
      one.link.leave("a:b", "a", { grace: false });
      await bench.settle();
      const { presence } = watcher.heard;
      assert.deepEqual(watcher.heard.changes(), ["enter a", "enter b", "update a", "leave a"]);
      assert.deepEqual(
        presence.map((event) => event.version),
        [1, 2, 3, 4],
      );
      assert.deepEqual(
        presence.map((event) => event.count),
        [1, 2, 2, 1],
      );
      assert.deepEqual(
        presence.map((event) => event.member.data),
        [1, undefined, 2, 2],
      );
      const now = await view(watcher);
      assert.deepEqual(
        [now.version, new Set(presence.map((event) => event.life))],
        [4, new Set([now.life])],
      );
    },
  ),

  check("keeps a followed channel's life while nobody is there", async (bench) => {
    const { watcher, one } = await scene(bench);
    const before = await view(watcher);
    await enter(one, "a");
    one.link.leave("a:b", "a", { grace: false });
    await enter(one, "a");
    await bench.settle();
    assert.deepEqual(
      watcher.heard.presence.map((event) => [event.life, event.version]),
      offsets(1, 3).map((version) => [before.life, version]),
    );
    assert.deepEqual([before.version, before.count], [0, 0]);
  }),

  check("says nothing when a member enters again as it is", async (bench) => {
    const { watcher, one } = await scene(bench);
    await enter(one, "a", { x: 1, y: [2] });
    await enter(one, "a", { y: [2], x: 1 });
    await bench.settle();
    assert.deepEqual(watcher.heard.changes(), ["enter a"]);
  }),

  check("tells presence only to links that asked for it, until they unfollow", async (bench) => {
    const { watcher, one, two } = await scene(bench);
    await two.link.follow("a:b", { presence: false });
    await enter(one, "a");
    await bench.settle();
    watcher.link.unfollow("a:b");
    await bench.settle();
    await enter(one, "b");
    await bench.settle();
    assert.deepEqual([watcher.heard.changes(), two.heard.changes()], [["enter a"], []]);
  }),

  check("adds presence to a followed channel and keeps it through later follows", async (bench) => {
    const { one, two } = await scene(bench);
    await two.link.follow("a:b", { presence: false });
    await two.link.follow("a:b", withPresence);
    await two.link.follow("a:b", { presence: false });
    await enter(one, "a");
    await bench.settle();
    assert.deepEqual(two.heard.changes(), ["enter a"]);
  }),

  check("ignores the leave of someone who is not there", async (bench) => {
    const { watcher, one } = await scene(bench);
    one.link.leave("a:b", "ghost", { grace: false });
    one.link.leave("a:b", "ghost", { grace: true });
    await bench.settle();
    assert.deepEqual([watcher.heard.changes(), (await view(watcher)).version], [[], 0]);
  }),

  check(
    "lets the last link a member entered through own it, and ignores the old link's leave",
    async (bench) => {
      const { watcher, one, two } = await scene(bench);
      await enter(one, "a");
      await enter(two, "a");
      one.link.leave("a:b", "a", { grace: false });
      await bench.settle();
      assert.deepEqual([await ids(watcher), watcher.heard.changes()], [["a"], ["enter a"]]);
      two.link.leave("a:b", "a", { grace: false });
      await bench.settle();
      assert.deepEqual([await ids(watcher), watcher.heard.changes()], [[], ["enter a", "leave a"]]);
    },
  ),

  check(
    "refuses what is late of an older connection of a member's client, which then takes nobody out",
    async (bench) => {
      const { watcher, one, two } = await scene(bench);
      const member = { id: "a", data: 1 };
      value(await one.link.enter("a:b", member, 1));
      value(await two.link.enter("a:b", member, 2));
      const late = refusal(await one.link.enter("a:b", { ...member, data: "late" }, 1));
      assert.deepEqual([late.code, late.unknown ?? false], ["fenced", false]);
      one.link.leave("a:b", "a", { grace: false });
      value(await two.link.enter("a:b", { ...member, data: 2 }, 2));
      await bench.settle();
      assert.deepEqual(watcher.heard.changes(), ["enter a", "update a"]);
      assert.deepEqual((await view(watcher)).members, [{ id: "a", data: 2 }]);
      value(await one.link.enter("a:b", { ...member, data: 2 }, 3));
      two.link.leave("a:b", "a", { grace: false });
      await bench.settle();
      assert.deepEqual([await ids(watcher), watcher.heard.changes().length], [["a"], 2]);
      one.link.leave("a:b", "a", { grace: false, generation: 2 });
      await bench.settle();
      assert.deepEqual(await ids(watcher), ["a"]);
      one.link.leave("a:b", "a", { grace: false, generation: 3 });
      await bench.settle();
      assert.deepEqual(await ids(watcher), []);
    },
  ),

  check("lets any connection in once the member has left", async (bench) => {
    const { watcher, one, two } = await scene(bench);
    value(await one.link.enter("a:b", { id: "a" }, 7));
    one.link.leave("a:b", "a", { grace: false });
    await bench.settle();
    value(await two.link.enter("a:b", { id: "a" }, 1));
    assert.deepEqual(await ids(watcher), ["a"]);
  }),

  check(
    "takes a member out after the grace period, and not before",
    async (bench) => {
      const { watcher, one } = await scene(bench);
      const { presenceGraceMs } = bench.harness.broker.capabilities;
      await enter(one, "a");
      one.link.leave("a:b", "a", { grace: true });
      await bench.advance(presenceGraceMs * 0.8);
      assert.deepEqual([await ids(watcher), watcher.heard.changes()], [["a"], ["enter a"]]);
      await bench.advance(presenceGraceMs * 0.4);
      assert.deepEqual([await ids(watcher), watcher.heard.changes()], [[], ["enter a", "leave a"]]);
    },
    ["clock"],
  ),

  check(
    "shows nothing when a member comes back within the grace period, and an update if it changed",
    async (bench) => {
      const { watcher, one, two } = await scene(bench);
      const { presenceGraceMs } = bench.harness.broker.capabilities;
      await enter(one, "a", 1);
      await enter(one, "b", 1);
      one.link.leave("a:b", "a", { grace: true });
      one.link.leave("a:b", "b", { grace: true });
      await bench.advance(presenceGraceMs * 0.8);
      await enter(two, "a", 1);
      await enter(two, "b", 2);
      await bench.advance(presenceGraceMs * 3);
      assert.deepEqual(watcher.heard.changes(), ["enter a", "enter b", "update b"]);
      assert.deepEqual(await ids(watcher), ["a", "b"]);
    },
    ["clock"],
  ),

  check(
    "takes a member out at once also while its grace period runs",
    async (bench) => {
      const { watcher, one } = await scene(bench);
      await enter(one, "a");
      one.link.leave("a:b", "a", { grace: true });
      one.link.leave("a:b", "a", { grace: false });
      await bench.settle();
      await bench.advance(bench.harness.broker.capabilities.presenceGraceMs * 2);
      assert.deepEqual(watcher.heard.changes(), ["enter a", "leave a"]);
    },
    ["clock"],
  ),

  check(
    "gives every leave a whole grace period of its own",
    async (bench) => {
      const { watcher, one } = await scene(bench);
      const { presenceGraceMs } = bench.harness.broker.capabilities;
      await enter(one, "a");
      one.link.leave("a:b", "a", { grace: true });
      await bench.advance(presenceGraceMs * 0.6);
      await enter(one, "a");
      one.link.leave("a:b", "a", { grace: true });
      await bench.advance(presenceGraceMs * 0.8);
      assert.deepEqual(await ids(watcher), ["a"]);
      await bench.advance(presenceGraceMs * 0.4);
      assert.deepEqual(await ids(watcher), []);
    },
    ["clock"],
  ),

  check(
    "lets the members of a closed link leave with grace",
    async (bench) => {
      const { watcher, one, two } = await scene(bench);
      const { presenceGraceMs } = bench.harness.broker.capabilities;
      for (const id of ["a", "b", "moved"]) await enter(one, id);
      await enter(two, "moved");
      await one.link.close();
      await bench.advance(presenceGraceMs * 0.5);
      await enter(two, "b");
      assert.deepEqual(await ids(watcher), ["a", "b", "moved"]);
      await bench.advance(presenceGraceMs);
      assert.deepEqual(await ids(watcher), ["b", "moved"]);
      assert.deepEqual(watcher.heard.changes().slice(3), ["leave a"]);
    },
    ["clock"],
  ),

  check(
    "clears the members of a crashed gateway within lease and grace, and keeps those that moved",
    async (bench) => {
      const { watcher, one, two } = await scene(bench);
      const { presenceGraceMs, presenceLeaseMs } = bench.harness.broker.capabilities;
      await enter(one, "a");
      await enter(one, "moved");
      await bench.faults.crash("g1");
      await enter(two, "moved");
      await bench.advance(presenceLeaseMs + presenceGraceMs * 1.1);
      assert.deepEqual(await ids(watcher), ["moved"]);
      assert.deepEqual(watcher.heard.changes(), ["enter a", "enter moved", "leave a"]);
    },
    ["clock", "crash"],
  ),

  check("keeps the presence of channels apart", async (bench) => {
    const { watcher, one } = await scene(bench);
    await enter(one, "a", undefined, "a:b");
    await enter(one, "a", undefined, "a:B");
    one.link.leave("a:B", "a", { grace: false });
    await bench.settle();
    assert.deepEqual([await ids(watcher, "a:b"), await ids(watcher, "a:B")], [["a"], []]);
  }),
];
