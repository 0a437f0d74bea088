import { SeededRandom, VirtualClock } from "@holdfast/core/testing";
import type { Position } from "@holdfast/protocol";
import { jsonCodec } from "@holdfast/protocol/json";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ModelGateway } from "../../test/model-gateway.js";
import { publication, Scripted, type ScriptedSocket, subscribed } from "../../test/scripted.js";
import type { HoldfastError } from "../errors.js";
import { createClient } from "../internal.js";
import type { SubscribeOptions } from "./events.js";

const channel = "chat:lobby";
const bufferMax = 3;

async function start(options: SubscribeOptions<unknown> = {}) {
  const t = new Scripted();
  const socket = await t.open();
  const subscribing = t.client.channel(channel).subscribe({ bufferMax, ...options });
  subscribed(socket);
  return { t, socket, sub: await subscribing };
}

function pushTo(socket: ScriptedSocket, from: number, to: number): void {
  for (let offset = from; offset <= to; offset += 1) socket.push(publication(channel, offset));
}

describe("a reader that is too slow", () => {
  it("keeps everything up to its bound", async () => {
    const { socket, sub } = await start();
    pushTo(socket, 1, bufferMax);
    const seen: number[] = [];
    for await (const { offset } of sub) if (seen.push(offset) === bufferMax) break;
    expect(seen).toEqual([1, 2, 3]);
  });

  it("ends with `overflow` and its position, and the gateway is told", async () => {
    const { t, socket, sub } = await start();
    const iterator = sub[Symbol.asyncIterator]();
    pushTo(socket, 1, 1);
    await iterator.next();
    pushTo(socket, 2, 5);
    const error = await sub.ended;
    expect(error).toMatchObject({ code: "overflow", retryable: false });
    expect(error!.position).toEqual({ epoch: "e1", offset: 0 });
    expect(socket.last("unsubscribe")).toMatchObject({ channel });
    // The next one is asked for: the first is handled now, and the error says so.
    await expect(iterator.next()).rejects.toMatchObject({
      code: "overflow",
      position: { epoch: "e1", offset: 1, id: "p1" },
    });
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    pushTo(socket, 6, 9);
    expect(t.errors).toEqual([]);
  });

  it("has its position counted once its handler is done with what it had in hand", async () => {
    const done: (() => void)[] = [];
    const onPublication = () => new Promise<void>((resolve) => done.push(resolve));
    const { t, socket, sub } = await start({ onPublication });
    let ended: HoldfastError | undefined;
    void sub.ended.then((error) => {
      ended = error;
    });
    pushTo(socket, 1, 5);
    await t.settle();
    expect(ended).toBeUndefined();
    done[0]!();
    await t.settle();
    expect(ended).toMatchObject({ code: "overflow", position: { offset: 1 } });
    expect(done).toHaveLength(1);
  });

  it("goes on from that position in a new subscription, without loss", async () => {
    const { t, socket, sub } = await start();
    pushTo(socket, 1, 4);
    const { position } = (await sub.ended)!;
    const subscribing = t.client.channel(channel).subscribe({ position: position!, bufferMax });
    expect(socket.last("subscribe").position).toEqual(position);
    subscribed(socket, { resumed: true, position: position!, top: 4 });
    pushTo(socket, 1, 2);
    const seen: number[] = [];
    const again = await subscribing;
    for await (const { offset } of again) {
      seen.push(offset);
      if (offset === 2) pushTo(socket, 3, 4);
      if (offset === 4) break;
    }
    expect(seen).toEqual([1, 2, 3, 4]);
  });

  it("is not counted what is no publication: connections may come and go, and nothing grows", async () => {
    const { t, socket, sub } = await start();
    pushTo(socket, 1, 2);
    const position = { epoch: "e1", offset: 2, id: "p2" };
    for (let times = 0; times < 50; times += 1) {
      subscribed(await t.reconnect(), { resumed: true, position, top: 2 });
    }
    pushTo(t.socket, 3, 3);
    const seen: number[] = [];
    for await (const { offset } of sub) if (seen.push(offset) === bufferMax) break;
    expect(seen).toEqual([1, 2, 3]);
  });

  it("starts over with a reset, which empties what it was behind with", async () => {
    const { socket, sub } = await start();
    const reasons: string[] = [];
    sub.on("reset", ({ reason }) => reasons.push(reason));
    pushTo(socket, 1, bufferMax);
    const position = { epoch: "e2", offset: 0 };
    socket.push({ type: "reset", channel, reason: "epoch_changed", position, top: 0 });
    pushTo(socket, 1, bufferMax);
    const seen: (string | undefined)[] = [];
    for await (const p of sub) if (seen.push(p.position?.epoch) === bufferMax) break;
    expect(seen).toEqual(["e2", "e2", "e2"]);
    expect(reasons).toEqual(["epoch_changed"]);
  });
});

/** Reads slowly through a buffer that is too small, and begins again where it ended, over a line that is cut. */
async function readWithOverflows(seed: number) {
  const clock = new VirtualClock();
  const random = new SeededRandom(seed);
  const gateway = new ModelGateway(random.fork());
  const { openSocket } = gateway;
  const client = createClient({
    url: "ws://model.test/ws",
    codec: jsonCodec,
    random: random.fork(),
    clock,
    openSocket,
    jumpCheckMs: 0,
  });
  const seen: number[] = [];
  let overflows = 0;
  const readOn = async (position?: Position): Promise<void> => {
    const sub = await client
      .channel(gateway.channel)
      .subscribe({ bufferMax: 4, ...(position && { position }) });
    try {
      for await (const { offset } of sub) {
        seen.push(offset);
        await new Promise<void>((resolve) => clock.after(random.int(40), resolve));
      }
    } catch (error) {
      overflows += 1;
      return readOn((error as HoldfastError).position);
    }
  };
  const reading = readOn();
  for (let steps = 0; steps < 30; steps += 1) {
    if (!gateway.step()) await clock.advanceAsync(100);
    await clock.settle();
  }
  for (let step = 0; step < 300; step += 1) {
    const dice = random.next();
    if (dice < 0.3) gateway.append(step);
    else if (dice < 0.32) gateway.cutAll();
    else if (!gateway.step()) await clock.advanceAsync(random.int(300));
    await clock.settle();
  }
  for (let calm = 0; calm < 8; ) {
    if (gateway.step()) calm = 0;
    else calm += 1;
    await clock.advanceAsync(calm === 0 ? 100 : 5000);
  }
  client.close();
  await reading;
  return { seen, overflows, gateway };
}

describe("reading on after overflows, over a line that is cut anywhere", () => {
  it("shows everything once and in order", async () => {
    let total = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 2 ** 31 }), async (seed) => {
        const { seen, overflows, gateway } = await readWithOverflows(seed);
        const first = seen[0] ?? 1;
        expect(seen).toEqual(seen.map((_, index) => first + index));
        expect(seen.at(-1) ?? 0).toBe(gateway.entries.length);
        total += overflows;
      }),
      { numRuns: 40 },
    );
    expect(total).toBeGreaterThan(20);
  });
});
