import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import { jsonCodec } from "@holdfast/protocol/json";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bufferedBytesPerMessage, ModelGateway } from "../../test/model-gateway.js";
import { ScriptedPlatform } from "../../test/scripted.js";
import { createClient } from "../internal.js";
import type { PublishResult } from "./publisher.js";

interface Trouble {
  readonly refusals: boolean;
  readonly publishTimeoutMs: number;
}

/** Publishes over a line that is cut at will; the results by what was published. */
async function run(seed: number, { refusals, publishTimeoutMs }: Trouble) {
  const clock = new VirtualClock();
  const random = new SeededRandom(seed);
  const gateway = new ModelGateway(random.fork());
  if (refusals) {
    gateway.refusal = {
      chance: 0.15,
      codes: ["rate_limited", "forbidden", "invalid_data", "busy"],
    };
  }
  const { openSocket } = gateway;
  const page = new ScriptedPlatform();
  const client = createClient({
    url: "ws://model.test/ws",
    codec: jsonCodec,
    random: random.fork(),
    clock,
    openSocket,
    jumpCheckMs: 0,
    publishTimeoutMs,
    maxInFlight: 1 + random.int(8),
    // From one message in the socket to as many as there are.
    maxBufferedBytes: bufferedBytesPerMessage * random.pick([1, 2, 5, 1000]),
    events: page,
  });
  const channel = client.channel(gateway.channel);
  const results = new Map<number, PublishResult>();
  let published = 0;
  for (let step = 0; step < 150; step += 1) {
    const dice = random.next();
    if (dice < 0.3) {
      const number = published;
      published += 1;
      void channel.publish(number).then((result) => results.set(number, result));
    } else if (dice < 0.35) gateway.cutAll();
    else if (dice < 0.36) page.wake();
    // Long enough without a network, and patience ends: only where that is looked at.
    else if (dice < 0.37 && refusals) page.goOffline();
    else if (dice < 0.4) page.goOnline();
    else if (dice < 0.45) await clock.advanceAsync(random.int(3000));
    else if (gateway.step()) await clock.settle();
    else await clock.advanceAsync(random.int(1000));
  }
  page.goOnline();
  for (let calm = 0; calm < 8; ) {
    if (gateway.step()) {
      calm = 0;
      await clock.settle();
    } else {
      calm += 1;
      // A socket that holds too much is looked at again soon; only then is it calm.
      await clock.advanceAsync(calm < 4 ? 50 : 5000);
    }
  }
  client.close();
  return { gateway, results, published };
}

function judge({ gateway, results, published }: Awaited<ReturnType<typeof run>>): void {
  const appended = gateway.entries.map(({ data }) => data as number);
  expect(new Set(appended).size, "nothing twice").toBe(appended.length);
  // Also what was given up as unknown: it stands before what was published later, or nowhere.
  expect(
    [...appended].sort((a, b) => a - b),
    "in the order of publishing",
  ).toEqual(appended);
  expect(results.size, "every publish has a result").toBe(published);
  for (const [number, result] of results) {
    if (result.ok) expect(gateway.entries[(result.offset ?? 0) - 1]?.data).toBe(number);
    else if (result.unknown !== true) expect(appended).not.toContain(number);
  }
}

describe("publishing over a line that is cut anywhere", () => {
  it("appends everything once and in order, and tells each publish where it went", async () => {
    const total = { cuts: 0, late: 0 };
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), async (seed) => {
        const result = await run(seed, { refusals: false, publishTimeoutMs: 100_000 });
        judge(result);
        for (const outcome of result.results.values()) expect(outcome).toMatchObject({ ok: true });
        total.cuts += result.gateway.counts.cuts;
        total.late += result.gateway.counts.late;
      }),
      { numRuns: 80 },
    );
    expect(total.cuts).toBeGreaterThan(50);
    expect(total.late).toBeGreaterThan(20);
  });

  it("keeps the order of the rest when some are refused, and never calls a refusal definite that was not", async () => {
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), async (seed) => {
        const result = await run(seed, { refusals: true, publishTimeoutMs: 20_000 });
        judge(result);
        for (const outcome of result.results.values()) if (!outcome.ok) refused += 1;
      }),
      { numRuns: 80 },
    );
    expect(refused).toBeGreaterThan(20);
  });

  it("never lets what was given up come in after what was published later", async () => {
    const total = { givenUp: 0, appendedAllTheSame: 0 };
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), async (seed) => {
        const result = await run(seed, { refusals: false, publishTimeoutMs: 1_500 });
        judge(result);
        const appended = new Set(result.gateway.entries.map(({ data }) => data));
        for (const [number, outcome] of result.results) {
          if (outcome.ok || outcome.unknown !== true) continue;
          total.givenUp += 1;
          if (appended.has(number)) total.appendedAllTheSame += 1;
        }
      }),
      { numRuns: 200 },
    );
    expect(total.givenUp).toBeGreaterThan(50);
    expect(total.appendedAllTheSame).toBeGreaterThan(10);
  });
});
