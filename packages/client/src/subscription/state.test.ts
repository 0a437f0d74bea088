import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import type { FoldedMode } from "@holdfast/protocol";
import { jsonCodec } from "@holdfast/protocol/json";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelGateway } from "../../test/model-gateway.js";
import { publication, Scripted, subscribed } from "../../test/scripted.js";
import { createClient } from "../internal.js";
import type { StateEvent, SubscribeOptions } from "./events.js";

const CHANNEL = "board:main";
const at = (offset: number) => ({ epoch: "e1", offset, id: `p${offset}` });

/** A subscription whose gateway is the test. */
async function subscribe<S>(
  options: SubscribeOptions<unknown, S>,
  reply: Parameters<typeof subscribed>[1],
) {
  const t = new Scripted();
  await t.open();
  const subscribing = t.client.channel(CHANNEL).subscribe(options);
  subscribed(t.socket, reply);
  const sub = await subscribing;
  const push = (offset: number, data: unknown) => t.socket.push(publication(CHANNEL, offset, data));
  return { t, sub, push };
}

describe("the state of a subscription", () => {
  it("is the snapshot, and then what the publications make of it, with its position", async () => {
    const events: StateEvent[] = [];
    const given = { mode: "merge", state: { a: 1 }, position: at(4) } as const;
    const { t, sub, push } = await subscribe({ onState: (event) => events.push(event) }, given);
    expect([sub.state, sub.position]).toEqual([{ a: 1 }, at(4)]);
    push(5, { b: { c: 1 } });
    push(6, { a: null });
    expect([sub.state, sub.position]).toEqual([{ b: { c: 1 } }, at(6)]);
    expect(t.client.channel(CHANNEL).state).toBe(sub.state);
    expect(events).toEqual([
      { state: { a: 1 }, position: at(4) },
      { state: { a: 1, b: { c: 1 } }, position: at(5) },
      { state: { b: { c: 1 } }, position: at(6) },
    ]);
  });

  it("shares what a publication did not touch, so that observers may compare by reference", async () => {
    const given = { mode: "merge", state: { a: { x: 1 }, b: { y: 1 } }, position: at(1) } as const;
    const { sub, push } = await subscribe({ onState: () => {} }, given);
    const before = sub.state as { a: object; b: object };
    push(2, { b: { y: 2 } });
    const after = sub.state as { a: object; b: object };
    expect([after === before, after.a === before.a, after.b === before.b]).toEqual([
      false,
      true,
      false,
    ]);
    push(3, { b: { y: 2 } });
    expect(sub.state).toBe(after);
  });

  it("is the newest publication in mode `last`, also where offsets are skipped", async () => {
    const given = { mode: "last", state: null, contiguous: false } as const;
    const { sub, push } = await subscribe({ onState: () => {} }, given);
    expect(sub.state).toBe(null);
    push(3, "three");
    push(9, "nine");
    expect([sub.state, sub.position]).toEqual(["nine", at(9)]);
  });

  it("moves when the application is done with a publication, like the position", async () => {
    let done = () => {};
    const onPublication = () =>
      new Promise<void>((resolve) => {
        done = resolve;
      });
    const given = { mode: "last", state: 0, position: at(1) } as const;
    const { t, sub, push } = await subscribe({ onPublication }, given);
    push(2, 20);
    expect([sub.state, sub.position]).toEqual([0, at(1)]);
    done();
    await t.settle();
    expect([sub.state, sub.position]).toEqual([20, at(2)]);
  });

  it("moves with iteration, when the next publication is asked for", async () => {
    const { t, sub, push } = await subscribe({}, { mode: "last", state: 0, position: at(1) });
    push(2, 20);
    push(3, 30);
    const states: unknown[] = [];
    for await (const { offset } of sub) {
      states.push(sub.state);
      if (offset === 3) break;
    }
    expect(states).toEqual([0, 20]);
    t.client.close();
  });

  it("begins anew with a reset", async () => {
    const resets: unknown[] = [];
    const given = { mode: "merge", state: { a: 1 }, position: at(4) } as const;
    const { t, sub, push } = await subscribe(
      { onState: () => {}, onReset: () => resets.push(sub.state) },
      given,
    );
    const position = { epoch: "e2", offset: 0 };
    t.socket.push({
      type: "reset",
      channel: CHANNEL,
      reason: "state_lost",
      position,
      top: 0,
      state: null,
    });
    expect([sub.state, sub.position, resets]).toEqual([null, position, [null]]);
    push(1, { b: 1 });
    expect(sub.state).toEqual({ b: 1 });
  });

  it("goes on after a reconnect that resumes, and is replaced by one that does not", async () => {
    const given = { mode: "merge", state: { a: 1 }, position: at(4) } as const;
    const { t, sub, push } = await subscribe({ onState: () => {} }, given);
    push(5, { b: 1 });
    const again = await t.reconnect();
    expect(again.last("subscribe").position).toEqual(at(5));
    subscribed(again, { resumed: true, mode: "merge", position: at(5), top: 6 });
    again.push(publication(CHANNEL, 6, { c: 1 }));
    expect(sub.state).toEqual({ a: 1, b: 1, c: 1 });
    const third = await t.reconnect();
    const state = { whole: true };
    subscribed(third, { mode: "merge", reason: "history_trimmed", position: at(90), state });
    expect([sub.state, sub.position]).toEqual([{ whole: true }, at(90)]);
  });

  it("that was loaded with its position goes on from there", async () => {
    const given = { resumed: true, mode: "merge", position: at(4), top: 5 } as const;
    const { t, sub, push } = await subscribe(
      { position: at(4), state: { a: 1 }, onState: () => {} },
      given,
    );
    expect(t.socket.last("subscribe").position).toEqual(at(4));
    push(5, { b: 1 });
    expect(sub.state).toEqual({ a: 1, b: 1 });
  });

  it("is not known where a position was given without it, until the channel gives it", async () => {
    const given = { resumed: true, mode: "merge", position: at(4), top: 4 } as const;
    const { sub, push } = await subscribe({ position: at(4), onState: () => {} }, given);
    push(5, { b: 1 });
    expect([sub.state, sub.position]).toEqual([undefined, at(5)]);
  });

  it("of a handler is folded by the reducer that the application passes", async () => {
    const given = { mode: "handler", state: 10, position: at(4) } as const;
    const reduce = (sum: number, { data }: { data: unknown }) => sum + Number(data);
    const { sub, push } = await subscribe({ reduce, onState: () => {} }, given);
    push(5, 1);
    push(6, 2);
    expect([sub.state, sub.position]).toEqual([13, at(6)]);
  });

  it.each(["a handler", "iteration"])(
    "ends with the reducer that throws, at the position before (%s)",
    async (how) => {
      const given = { mode: "handler", state: 10, position: at(4) } as const;
      const reduce = (): number => {
        throw new Error("no such move");
      };
      const onPublication = () => Promise.resolve();
      const { sub, push, t } = await subscribe(
        { reduce, ...(how === "a handler" && { onPublication }) },
        given,
      );
      push(5, 1);
      push(6, 2);
      if (how === "iteration") {
        const reading = (async () => {
          for await (const _ of sub);
        })();
        await expect(reading).rejects.toThrow("no such move");
      }
      await t.settle();
      expect(await sub.ended).toMatchObject({ code: "call_failed", position: at(4) });
      expect([sub.state, sub.position]).toEqual([10, at(4)]);
    },
  );

  it("does not exist on a channel without state", async () => {
    const events: StateEvent[] = [];
    const { sub, push } = await subscribe({ onState: (event) => events.push(event) }, {});
    push(1, { a: 1 });
    expect([sub.state, events]).toEqual([undefined, []]);
  });
});

const seeds = fc.integer({ min: 0, max: 2 ** 31 });
const modes = fc.constantFrom<FoldedMode>("last", "merge");

it("the state at a position is the fold of everything up to it, wherever the line is cut and whatever is lost", async () => {
  const total = { resumed: 0, resets: 0, states: 0 };
  await fc.assert(
    fc.asyncProperty(seeds, modes, fc.boolean(), async (seed, mode, loses) => {
      const clock = new VirtualClock();
      const random = new SeededRandom(seed);
      const gateway = new ModelGateway(random.fork());
      gateway.mode = mode;
      const client = createClient({
        url: "ws://model.test/ws",
        codec: jsonCodec,
        random: random.fork(),
        clock,
        openSocket: gateway.openSocket,
        jumpCheckMs: 0,
      });
      // What the model held under each epoch; a new life begins with nothing.
      const truth = new Map<string, unknown[]>();
      const note = () => {
        const top = gateway.entries.length;
        const states = Array.from({ length: top + 1 }, (_, offset) => gateway.stateAt(offset));
        truth.set(gateway.epoch, states);
      };
      note();
      const subscribing = client.channel(gateway.channel).subscribe({
        onState: ({ state, position }) => {
          total.states += 1;
          expect(state).toEqual(truth.get(position?.epoch ?? "")?.[position?.offset ?? -1]);
        },
      });
      for (let step = 0; step < 150; step += 1) {
        const dice = random.next();
        if (dice < 0.2) gateway.append({ [`k${random.int(3)}`]: random.pick([null, step]) });
        else if (dice < 0.24) gateway.cutAll();
        else if (dice < 0.25 && loses) gateway.restart();
        else if (dice < 0.26 && loses) gateway.trimmed = gateway.entries.length;
        else if (dice < 0.35) await clock.advanceAsync(random.int(2000));
        else if (gateway.step()) await clock.settle();
        else await clock.advanceAsync(random.int(1000));
        note();
      }
      for (let calm = 0; calm < 8; ) {
        if (gateway.step()) calm = 0;
        else calm += 1;
        await clock.advanceAsync(calm * 1_000);
      }
      const sub = await subscribing;
      expect(sub.position).toMatchObject({ epoch: gateway.epoch, offset: gateway.entries.length });
      expect(sub.state).toEqual(gateway.stateAt(gateway.entries.length));
      total.resumed += gateway.counts.resumed;
      total.resets += gateway.counts.resets;
      client.close();
    }),
    { numRuns: 60 },
  );
  expect(total.resumed).toBeGreaterThan(50);
  expect(total.resets).toBeGreaterThan(20);
  expect(total.states).toBeGreaterThan(500);
});
