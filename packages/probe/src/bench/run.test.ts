import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import { jsonCodec } from "@holdfast/protocol/json";
import { expect, it } from "vitest";
import { isComplete } from "./report.js";
import { type BenchOutcome, type BenchProgress, runBench } from "./run.js";
import { type ServerSample, type ServerWatch, silentServer } from "./server-watch.js";
import type { BenchPlatform, BenchSettings } from "./settings.js";
import { benchLines } from "./table.js";
import { testSettings } from "./testing/settings.js";
import { ToyGateway } from "./testing/toy-gateway.js";
import { ShareWorker } from "./worker.js";

/** A run of two processes' worth of clients against a toy gateway, on a driven clock. */
class Bench {
  readonly clock = new VirtualClock();
  readonly gateway = new ToyGateway(this.clock);
  readonly progress: BenchProgress[] = [];
  readonly stop = new AbortController();
  busy = 0.1;

  async run(
    over: Partial<BenchSettings> = {},
    server: ServerWatch = silentServer,
  ): Promise<BenchOutcome> {
    const settings = { ...testSettings, ...over };
    const platform: BenchPlatform = {
      clock: this.clock,
      random: new SeededRandom(1),
      codec: jsonCodec,
      openSocket: settings.target === "websocket" ? this.gateway.openEcho : this.gateway.openSocket,
      busyShare: () => this.busy,
      post: async () => 200,
    };
    let done = false;
    const workers = [0, 1].map((index) => new ShareWorker(settings, { index, of: 2 }, platform));
    const running = runBench({
      settings,
      clock: this.clock,
      workers,
      server,
      onProgress: (progress) => this.progress.push(progress),
      signal: this.stop.signal,
    }).finally(() => {
      done = true;
    });
    for (let elapsedMs = 0; !done && elapsedMs < 600_000; elapsedMs += 10) {
      await this.clock.advanceAsync(10);
    }
    return running;
  }

  async report(over: Partial<BenchSettings> = {}, server?: ServerWatch) {
    const outcome = await this.run(over, server);
    if (!outcome.ok) throw new Error(outcome.message);
    return outcome.report;
  }
}

it("delivers everything that was published and tells how long it took", async () => {
  const bench = new Bench();
  bench.gateway.faults.delayMs = 3;
  const report = await bench.report();
  expect(report.counts).toMatchObject({ opened: 10, sent: 250, answered: 250, expected: 2_500 });
  expect(report.counts.received).toBe(2_500);
  // The warm-up does not count.
  expect(report.latency.count).toBe(2_000);
  expect(report.latency.p50Ms).toBeCloseTo(3, 1);
  expect(report.latency.maxMs).toBeCloseTo(3, 1);
  expect(report.arrivalsPerSecond).toBe(1_000);
  expect(isComplete(report)).toBe(true);
  expect(report.warnings).toEqual([]);
  expect(bench.progress.map(({ phase }) => phase)).toContain("measuring");
});

it("lets a stall count for everything that was due meanwhile (no coordinated omission)", async () => {
  const bench = new Bench();
  // From 1,000 ms on nothing leaves for a second: a tenth of the operations was due meanwhile.
  bench.clock.after(1_000, () => {
    bench.gateway.faults.stalledUntilMs = 2_000;
  });
  const report = await bench.report({ scenario: "echo", durationMs: 10_000 });
  expect(report.latency.count).toBe(1_000);
  expect(report.latency.maxMs).toBeGreaterThan(950);
  // Uniformly from 0 to 1,000 ms for 10 %: half of those waited longer than 500 ms.
  expect(report.latency.p90Ms).toBeLessThan(20);
  expect(report.latency.p99Ms).toBeGreaterThan(850);
  expect(report.latency.meanMs).toBeGreaterThan(40);
});

it("says so when deliveries are lost, or come twice", async () => {
  const bench = new Bench();
  bench.gateway.faults.loseEvery = 100;
  const lossy = await bench.report();
  expect(isComplete(lossy)).toBe(false);
  expect(lossy.counts.missing).toBeGreaterThan(0);
  expect(benchLines(lossy).join("\n")).toMatch(/INCOMPLETE 25 did not arrive/);

  const other = new Bench();
  other.gateway.faults.repeatEvery = 100;
  expect((await other.report()).counts.repeated).toBe(25);
});

it("spreads a chat over many channels and expects what each publish should make", async () => {
  const report = await new Bench().report({
    scenario: "chat",
    channels: 7,
    subscriptionsPerConnection: 3,
  });
  expect(report.subscriptions).toBe(30);
  expect(report.counts.received).toBe(report.counts.expected);
  expect(isComplete(report)).toBe(true);
});

it("does not call a ticker incomplete whose values were replaced by newer ones", async () => {
  const bench = new Bench();
  bench.gateway.faults.loseEvery = 2;
  const report = await bench.report({ scenario: "ticker" });
  expect(report.counts.received).toBeLessThan(report.counts.expected);
  expect(isComplete(report)).toBe(true);
});

it("measures round trips of pings, of calls, and of a bare WebSocket", async () => {
  for (const over of [{}, { method: "bench.echo" }, { target: "websocket" } as const]) {
    const bench = new Bench();
    bench.gateway.faults.delayMs = 5;
    const report = await bench.report({ scenario: "echo", ...over });
    expect(report.latency.count).toBe(200);
    expect(report.latency.p50Ms).toBeCloseTo(5, 1);
    expect(isComplete(report)).toBe(true);
  }
});

it("makes a ramp half as steep again each time until the time is too long", async () => {
  const bench = new Bench();
  bench.clock.after(8_000, () => {
    bench.gateway.faults.delayMs = 80;
  });
  const report = await bench.report({ scenario: "ramp" });
  const last = report.steps.at(-1);
  expect(report.steps.slice(0, 2).map(({ perSecond }) => perSecond)).toEqual([100, 150]);
  expect(last?.over).toMatch(/p99 was 8\d/);
  expect(report.steps.filter(({ over }) => over !== undefined)).toHaveLength(1);
});

it("asks the server how much it used and what a connection costs", async () => {
  const bench = new Bench();
  let asked = 0;
  const samples: readonly ServerSample[] = [
    { cpuSeconds: 1, residentBytes: 1_000_000 },
    { cpuSeconds: 2, residentBytes: 1_500_000 },
    { cpuSeconds: 3, residentBytes: 1_100_000 },
  ];
  const server = { sample: async () => samples[Math.min(asked++, 2)] };
  const { server: told } = await bench.report({}, server);
  expect(told).toEqual({
    busyShare: 0.5,
    cpuMicrosPerArrival: 500,
    residentBytesBefore: 1_000_000,
    residentBytesAfter: 1_100_000,
    bytesPerConnection: 10_000,
  });
});

it("says nothing of a connection's memory where the server's has shrunk", async () => {
  const bench = new Bench();
  let residentBytes = 3_000_000;
  const server = {
    sample: async () => {
      residentBytes -= 500_000;
      return { cpuSeconds: 1, residentBytes };
    },
  };
  expect((await bench.report({}, server)).server.bytesPerConnection).toBeNull();
});

it("warns when the client was the bottleneck and the server was not", async () => {
  const bench = new Bench();
  bench.busy = 0.97;
  expect((await bench.report()).warnings[0]).toMatch(/client was the bottleneck/);
});

it("gives up with the reason when nobody gets in", async () => {
  const bench = new Bench();
  bench.gateway.faults.refuse = "forbidden";
  const outcome = await bench.run();
  expect(outcome).toMatchObject({ ok: false, code: "unreachable" });
  expect(outcome.ok ? "" : outcome.message).toContain("forbidden");
});

it("reports nothing when it is interrupted", async () => {
  const bench = new Bench();
  bench.clock.after(1_500, () => bench.stop.abort());
  expect(await bench.run()).toMatchObject({ ok: false, code: "interrupted" });
});

it("ends at once when it is interrupted while clients are still on their way", async () => {
  const bench = new Bench();
  bench.gateway.faults.stalledUntilMs = 20_000;
  bench.clock.after(500, () => bench.stop.abort());
  expect(await bench.run()).toMatchObject({ ok: false, code: "interrupted" });
  expect(bench.clock.monoMs()).toBeLessThan(1_000);
});

it("says what happened when a process of its own fails", async () => {
  const clock = new VirtualClock();
  const outcome = await runBench({
    settings: testSettings,
    clock,
    workers: [
      { ask: () => Promise.reject(new Error("A process ended.")), end: () => Promise.resolve() },
    ],
    server: silentServer,
    signal: new AbortController().signal,
  });
  expect(outcome).toEqual({ ok: false, code: "broken", message: "A process ended." });
});

it("refuses what makes no sense before anything is opened", async () => {
  const outcome = await new Bench().run({ target: "websocket", scenario: "fanout" });
  expect(outcome).toMatchObject({ ok: false, code: "refused" });
});
