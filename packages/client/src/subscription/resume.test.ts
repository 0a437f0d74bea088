import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import { jsonCodec } from "@holdfast/protocol/json";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelGateway } from "../../test/model-gateway.js";
import { ScriptedPlatform } from "../../test/scripted.js";
import { createClient } from "../internal.js";
import type { Publication, ResetEvent } from "./events.js";
import type { Subscription } from "./subscription.js";

type Event = { readonly offset: number; readonly epoch: string } | ResetEvent;

interface Run {
  readonly gateway: ModelGateway;
  readonly events: Event[];
  readonly sub: Subscription<unknown>;
}

interface Shape {
  readonly seed: number;
  readonly corruption?: number;
  readonly mode: "handler" | "slow handler" | "iterator";
  readonly restarts?: boolean;
}

/** Publications and cuts in random order, one message at a time; then the line heals. */
async function run({ seed, corruption = 0, mode, restarts = false }: Shape): Promise<Run> {
  const clock = new VirtualClock();
  const random = new SeededRandom(seed);
  const gateway = new ModelGateway(random.fork());
  gateway.corruption = corruption;
  const { openSocket } = gateway;
  const page = new ScriptedPlatform();
  const client = createClient({
    url: "ws://model.test/ws",
    codec: jsonCodec,
    random: random.fork(),
    clock,
    openSocket,
    jumpCheckMs: 0,
    maxBufferedBytes: 0,
    events: page,
  });
  const events: Event[] = [];
  const onPublication = ({ offset, position }: Publication<unknown>) => {
    events.push({ offset, epoch: position?.epoch ?? "" });
    if (mode !== "slow handler") return undefined;
    return new Promise<void>((resolve) => clock.after(random.int(3), resolve));
  };
  const onReset = (event: ResetEvent) => void events.push(event);
  const subscribing = client
    .channel(gateway.channel)
    .subscribe({ last: 3, onReset, ...(mode !== "iterator" && { onPublication }) });
  if (mode === "iterator") {
    void subscribing.then(async (sub) => {
      for await (const publication of sub) onPublication(publication);
    });
  }
  for (let step = 0; step < 150; step += 1) {
    const dice = random.next();
    if (dice < 0.2) gateway.append(step);
    else if (dice < 0.24) gateway.cutAll();
    else if (dice < 0.245 && restarts) gateway.restart();
    else if (dice < 0.25 && restarts) gateway.trimmed = random.int(gateway.entries.length + 1);
    else if (dice < 0.26) page.goOffline();
    else if (dice < 0.29) page.goOnline();
    else if (dice < 0.3) page.wake();
    else if (dice < 0.38) await clock.advanceAsync(random.int(2000));
    else if (gateway.step()) await clock.settle();
    else await clock.advanceAsync(random.int(1000));
  }
  gateway.corruption = 0;
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
  const sub = await subscribing;
  client.close();
  return { gateway, events, sub };
}

/** Every publication continues the one before or follows an announced reset; the end is the newest. */
function judge({ gateway, events, sub }: Run): void {
  let last: { epoch: string; offset: number } | undefined;
  for (const event of events) {
    if ("reason" in event) {
      last = event.position;
    } else {
      if (last !== undefined) {
        expect(event).toEqual({ epoch: last.epoch, offset: last.offset + 1 });
      }
      last = event;
    }
  }
  const top = gateway.entries.at(-1);
  if (last === undefined || top === undefined) return;
  expect(last).toMatchObject({ epoch: gateway.epoch, offset: top.offset });
  expect(sub.position).toEqual({ epoch: gateway.epoch, offset: top.offset, id: top.id });
}

const seeds = fc.integer({ min: 0, max: 2 ** 31 });
const modes = fc.constantFrom("handler" as const, "slow handler" as const, "iterator" as const);

describe("resume", () => {
  it("shows every publication once and in order, wherever between two messages the line is cut", async () => {
    const total = { cuts: 0, cutsInReplay: 0, resumed: 0 };
    await fc.assert(
      fc.asyncProperty(seeds, modes, async (seed, mode) => {
        const result = await run({ seed, mode });
        judge(result);
        expect(result.events.some((event) => "reason" in event)).toBe(false);
        for (const name of ["cuts", "cutsInReplay", "resumed"] as const) {
          total[name] += result.gateway.counts[name];
        }
      }),
      { numRuns: 60 },
    );
    // A run that never cut a replay has shown nothing.
    expect(total.cuts).toBeGreaterThan(50);
    expect(total.cutsInReplay).toBeGreaterThan(10);
    expect(total.resumed).toBeGreaterThan(50);
  });

  it("announces every break of continuity when the history is trimmed or begins a new life", async () => {
    let resets = 0;
    await fc.assert(
      fc.asyncProperty(seeds, modes, async (seed, mode) => {
        const result = await run({ seed, mode, restarts: true });
        judge(result);
        resets += result.gateway.counts.resets;
      }),
      { numRuns: 60 },
    );
    expect(resets).toBeGreaterThan(5);
  });

  it("finds a swallowed publication, drops a repeated one, and still shows each once", async () => {
    let corrupted = 0;
    await fc.assert(
      fc.asyncProperty(seeds, modes, async (seed, mode) => {
        const result = await run({ seed, mode, corruption: 0.1 });
        const { gateway, events } = result;
        // A swallowed last publication shows only with the next one, or on the next connection.
        const offsets = events.map((event) => ("offset" in event ? event.offset : -1));
        const first = offsets[0] ?? 0;
        expect(offsets).toEqual(offsets.map((_, index) => first + index));
        corrupted += gateway.counts.corrupted;
      }),
      { numRuns: 40 },
    );
    expect(corrupted).toBeGreaterThan(20);
  });
});
