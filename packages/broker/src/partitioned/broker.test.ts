import { silentLogger } from "@holdfast/core";
import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import { expect, test } from "vitest";
import { isFailure } from "../contract.js";
import { EngineError, type Engines, engineFor } from "../engines.js";
import { Heard, roomy } from "../testing/bench.js";
import { createFaultyMemoryBroker } from "../testing/mod.js";
import { createPartitionedBroker } from "./broker.js";
import { PartitionMap } from "./partition-map.js";

const clock = new VirtualClock();

function deployment(seed: number, partitions = 8) {
  return createFaultyMemoryBroker({ clock, random: new SeededRandom(seed), partitions });
}

/** Two deployments of eight partitions, and a gateway. */
async function setUp() {
  const deployments = [deployment(1), deployment(2)] as const;
  const broker = createPartitionedBroker({ deployments });
  const heard = new Heard();
  const link = await broker.connect("g1", heard);
  /** A channel of the first or of the second deployment. */
  const channelOf = (index: 0 | 1) => {
    for (let n = 0; ; n += 1) if (link.partitionOf(`a:${n}`) >> 2 === index) return `a:${n}`;
  };
  const send = (channel: string) => link.publish({ channel, data: 1, timeMs: 1, history: roomy });
  return { deployments, broker, heard, link, channels: [channelOf(0), channelOf(1)], send };
}

test("partitions are shared evenly, and each has one owner", () => {
  const map = PartitionMap.even(3, 256);
  expect(map.shares).toEqual([
    { from: 0, to: 84 },
    { from: 85, to: 170 },
    { from: 171, to: 255 },
  ]);
  expect([0, 84, 85, 255].map((partition) => map.ownerOf(partition))).toEqual([0, 0, 1, 2]);
});

test.each([
  [
    "more than one deployment",
    [
      { from: 0, to: 4 },
      { from: 4, to: 7 },
    ],
  ],
  [
    "Partition 7 is given to no deployment",
    [
      { from: 0, to: 3 },
      { from: 4, to: 6 },
    ],
  ],
  [
    "there are 0-7",
    [
      { from: 0, to: 3 },
      { from: 4, to: 8 },
    ],
  ],
  [
    "there are 0-7",
    [
      { from: 3, to: 0 },
      { from: 4, to: 7 },
    ],
  ],
])("shares that are none are refused: %s", (why, shares) => {
  expect(() =>
    createPartitionedBroker({ deployments: [deployment(1), deployment(2)], shares }),
  ).toThrow(why);
});

test("deployments with different numbers of partitions are refused", () => {
  const deployments = [deployment(1, 8), deployment(2, 16)];
  expect(() => createPartitionedBroker({ deployments })).toThrow("8, 16 partitions");
});

test("a channel is in the deployment that has its partition, and in no other", async () => {
  const { deployments, link, heard, channels, send } = await setUp();
  for (const [index, channel] of channels.entries()) {
    await link.follow(channel, { presence: false });
    await send(channel);
    const directly = deployments.map((one) => one.connect("g2", new Heard()));
    for (const [at, direct] of directly.entries()) {
      const heads = await direct.heads([channel]);
      expect(heads).toMatchObject([{ offset: at === index ? 1 : 0 }]);
    }
  }
  expect(heard.entries.map(({ channel }) => channel)).toEqual(channels);
  expect(await link.heads([...channels].reverse())).toMatchObject([{ offset: 1 }, { offset: 1 }]);
});

test("while one deployment is out of reach the gateway is not ready, and the others' channels go on", async () => {
  const { deployments, heard, link, channels, send } = await setUp();
  const [first = "", second = ""] = channels;
  deployments[1].pause();
  expect(heard.availability).toEqual([false]);
  expect(await send(first)).toMatchObject({ ok: true, offset: 1 });
  expect(await send(second)).toMatchObject({ ok: false, code: "unavailable", retryable: true });
  expect(isFailure(await link.heads(channels))).toBe(true);
  deployments[0].pause();
  deployments[1].resume();
  expect(heard.availability).toEqual([false]);
  deployments[0].resume();
  expect(heard.availability).toEqual([false, true]);
  expect(await send(second)).toMatchObject({ ok: true, offset: 1 });
});

test("a deployment that has had other partitions is refused, whichever way it was named", async () => {
  const [one, two] = [deployment(1), deployment(2)];
  await (
    await createPartitionedBroker({ deployments: [one, two] }).connect("g1", new Heard())
  ).close();
  const connect = (deployments: readonly (typeof one)[]) =>
    createPartitionedBroker({ deployments }).connect("g2", new Heard());
  await expect(connect([two, one])).rejects.toThrow(
    "has partitions 4-7 of 8 and is given 0-3 of 8",
  );
  await expect(connect([one, two, deployment(3)])).rejects.toThrow(EngineError);
  await (await connect([one, two])).close();
});

test("several URLs name deployments, with their partitions where these are not to be even", async () => {
  const opened: string[] = [];
  const engines: Engines = {
    toy: (url) => {
      opened.push(url);
      return deployment(opened.length);
    },
  };
  const platform = { clock, random: new SeededRandom(9), logger: silentLogger };
  const open = (urls: string) => engineFor(urls, engines)(urls, platform);
  const broker = await open("toy:a#0-5  toy:b#6-7");
  expect(opened).toEqual(["toy:a", "toy:b"]);
  await (await broker.connect("g1", new Heard())).close();
  await expect(open("toy:a#0-5 toy:b")).rejects.toThrow("Either every deployment names");
  expect(() => engineFor("toy:a other:secret", engines)).toThrow(/^other: is not an engine/);
});
