import { fileURLToPath } from "node:url";
import { beforeAll, expect, test } from "vitest";
import { Child } from "../../bench/peers/lib/child.mjs";
import { withoutCaptures } from "../../bench/peers/lib/dialects.mjs";
import { allPeers, type Peer } from "../../bench/peers/lib/peers.mjs";
import { ratiosOf } from "../../bench/peers/lib/ratios.mjs";
import { addUp, runWorks } from "../../bench/peers/lib/run.mjs";
import { Session } from "../../bench/peers/lib/session.mjs";
import { ratioOf, spreadOf, summaryOfTurns } from "../../bench/peers/lib/summary.mjs";
import { tableOf } from "../../bench/peers/lib/table.mjs";
import { compileNative } from "../../bench/peers/lib/tools.mjs";
import { works } from "../../bench/peers/lib/works.mjs";

// The rig itself, with tiny counts: what its figures are worth is for the machine that runs it long.

beforeAll(() => compileNative(), 60_000);

const sizes = {
  seconds: 0.2,
  warmSeconds: 0.05,
  turns: 3,
  turnSeconds: 0.05,
  turnWarmSeconds: 0.05,
  subscribers: 20,
  callers: 5,
  idle: 40,
  stormed: 40,
  audiences: [10, 20],
  channels: [1, 20],
  paced: 50,
  pinned: false,
};

function peerNamed(name: string): Peer {
  const found = allPeers().find((peer) => peer.name === name);
  if (found === undefined) throw new RangeError(`no peer ${name}`);
  return found;
}

async function during(peer: Peer, work: (session: Session) => Promise<void>, storm = false) {
  const session = await Session.start(peer, { storm });
  try {
    await work(session);
  } finally {
    await session.stop();
  }
}

test("the same work runs against the floor, bare ws and Holdfast, and loses nothing", async () => {
  const peers = ["floor", "ws", "holdfast"].map(peerNamed);
  const quick = works.filter(({ name }) => ["fanout10", "echo", "channels"].includes(name));
  const result = await runWorks({ peers, works: quick, sizes, rounds: 1, say: () => {} });
  expect(result.failures).toEqual([]);
  for (const work of ["fanout10", "echo"]) {
    for (const { name } of peers) expect(result.works[work]?.[name]).toBeDefined();
  }
  const ratios = ratiosOf(result.works);
  expect(ratios.map(({ text }) => text)).toContain("ten at a time, of the C floor");
  expect(tableOf(result, peers, ratios)).toContain("| C floor |");
}, 120_000);

test("where all servers stay up each takes its turn, and ratios are of the same turn", async () => {
  const peers = ["floor", "holdfast"].map(peerNamed);
  const steps: string[] = [];
  const result = await runWorks({
    peers,
    works: works.filter(({ name }) => ["fanout", "audience"].includes(name)),
    sizes,
    rounds: 1,
    say: (text) => steps.push(/^(\w+ \d\/3 (?:C floor|Holdfast)):/.exec(text)?.[1] ?? ""),
  });
  expect(result.failures).toEqual([]);
  const turns = ["fanout", "audience"].flatMap((work) =>
    [1, 2, 3].flatMap((turn) => [`${work} ${turn}/3 C floor`, `${work} ${turn}/3 Holdfast`]),
  );
  expect(steps.filter((step) => step !== "")).toEqual(turns);
  const { floor, holdfast } = result.works.fanout ?? {};
  expect(holdfast?.perCpuSecond?.turns).toHaveLength(3);
  const within = holdfast!.perCpuSecond!.turns!.map(
    (value, turn) => value / floor!.perCpuSecond!.turns![turn]!,
  );
  const ratios = ratiosOf(result.works);
  const fanout = ratios.find(({ text }) => text === "fan-out, of the C floor");
  expect(fanout?.value).toBeCloseTo(within.toSorted((a, b) => a - b)[1]!, 2);
  expect(ratios.map(({ text }) => text)).toContain("the same, of what the C floor's grows by");
  expect(tableOf(result, peers, ratios)).toContain("| of C floor |");
}, 120_000);

test("a thousand deliveries more than the kernel takes at once arrive whole and in order", async () => {
  await during(peerNamed("floor"), async (session) => {
    await session.load("subscribe", 50, 1, 50);
    await session.load("publisher");
    const report = await session.load("fan", 0.1, 200, 1);
    expect(report.received).toBe(report.expected);
    expect(report.expected % 10_000).toBe(0);
  });
});

test("the load generator answers the gateway's pings, of both kinds, and is not thrown out", async () => {
  const settings = JSON.stringify({ pingIntervalMs: 1_000, pongTimeoutMs: 500 });
  const holdfast = peerNamed("holdfast");
  const hasty = { ...holdfast, env: { ...holdfast.env, BENCH_SETTINGS: settings } };
  await during(hasty, async (session) => {
    await session.load("subscribe", 10, 1, 10);
    await session.load("publisher");
    const report = await session.load("fan", 3, 1, 1);
    expect(report.pings).toBeGreaterThanOrEqual(20);
    expect(report.dropped).toBe(0);
  });
}, 60_000);

test("clients that were cut come back and have what they missed, once and in order", async () => {
  await during(
    peerNamed("holdfast"),
    async (session) => {
      await session.load("publisher");
      await session.load("subscribe", 30, 1, 30);
      await session.load("fan", 0, 1, 1);
      await session.load("cut");
      await session.load("publish", 10);
      const report = await session.load("resume", 30);
      expect(report).toMatchObject({
        opened: 30,
        resumed: 30,
        received: 300,
        repeated: 0,
        lost: 0,
      });
    },
    true,
  );
}, 60_000);

test("a gateway that refuses for its bounds is said to, rather than waited for", async () => {
  const settings = JSON.stringify({ messagesPerSecondPerUser: 20 });
  const holdfast = peerNamed("holdfast");
  const strict = { ...holdfast, patienceSeconds: 1 };
  await during(
    { ...strict, env: { ...holdfast.env, BENCH_SETTINGS: settings } },
    async (session) => {
      await expect(session.load("call", 2, 5)).rejects.toThrow(/, 5 were refused/);
    },
  );
}, 60_000);

test("a server that loses one delivery has no figure and no ratio", async () => {
  const lossy: Peer = {
    ...peerNamed("ws"),
    name: "holdfast",
    command: [process.execPath, fileURLToPath(new URL("kit/lossy-server.mjs", import.meta.url))],
    patienceSeconds: 1,
  };
  const result = await runWorks({
    peers: [lossy, peerNamed("floor")],
    works: works.filter(({ name }) => name === "fanout"),
    sizes,
    rounds: 2,
    say: () => {},
  });
  expect(result.failures).toHaveLength(1);
  expect(result.failures[0]).toContain("not everything arrived");
  expect(Object.keys(result.works.fanout ?? {})).toEqual(["floor"]);
  expect(ratiosOf(result.works)).toEqual([]);
}, 120_000);

test("a later run adds its works to an earlier one's and replaces what both have", () => {
  const run = { at: "", commit: "", sizes: { ...sizes, rounds: 1 }, stolenSeconds: 0 };
  const machine = { processor: "", cores: 2, memoryGiB: 1, kernel: "", node: "" };
  const summary = (value: number) => ({ floor: { perCpuSecond: spreadOf([value]) } });
  const earlier = {
    machine,
    runs: [{ ...run, works: ["fanout", "echo"] }],
    works: { fanout: summary(1), echo: summary(2) },
    failures: ["fanout: lost one", "echo: lost one"],
    warnings: [],
  };
  const later = {
    ...earlier,
    runs: [{ ...run, works: ["fanout"] }],
    works: { fanout: summary(3) },
    failures: [],
  };
  const both = addUp(earlier, later);
  expect(both.works).toEqual({ fanout: summary(3), echo: summary(2) });
  expect(both.failures).toEqual(["echo: lost one"]);
  expect(both.runs).toHaveLength(2);
});

test("a spread is the median, and the least and the most", () => {
  expect(spreadOf([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
  expect(spreadOf([4, 1])).toEqual({ median: 2.5, min: 1, max: 4 });
});

test("a machine that slows down for all in one turn leaves the ratio of the turns as it is", () => {
  const spreadOfTurns = (turns: number[]) =>
    summaryOfTurns(turns.map((perCpuSecond) => ({ perCpuSecond }))).perCpuSecond!;
  const [own, other] = [spreadOfTurns([90, 9, 45]), spreadOfTurns([100, 10, 50])];
  expect(ratioOf(own, other)).toEqual({ median: 0.9, min: 0.9, max: 0.9, turns: [0.9, 0.9, 0.9] });
  // Turns that are not the same ones have nothing in common but their medians.
  expect(ratioOf(spreadOf([90, 9, 45]), other)).toEqual({ median: 0.9, min: 0.9, max: 0.9 });
  expect(ratioOf(spreadOfTurns([80, 9]), other).turns).toBeUndefined();
});

test("without a storm nothing is searched for in each message", () => {
  const dialect = withoutCaptures(peerNamed("holdfast").dialect());
  expect(Object.keys(dialect).some((key) => key.startsWith("capture"))).toBe(false);
});

const node = (script: string, patienceMs?: number): Child =>
  new Child([process.execPath, "-e", script], {
    core: undefined,
    ...(patienceMs === undefined ? {} : { patienceMs }),
  });

test("a process that says it is moving has not answered yet, and one that says nothing has stopped", async () => {
  const slow = node(
    `for (let n = 0; n < 3; n++) console.log('{"moving":true}'); console.log('{"n":1}')`,
  );
  expect(await slow.answer()).toEqual({ n: 1 });
  await slow.stop();
  const silent = node("setInterval(() => {}, 1_000)", 200);
  await expect(silent.answer()).rejects.toThrow("silent for 200 ms");
  await silent.stop();
});
