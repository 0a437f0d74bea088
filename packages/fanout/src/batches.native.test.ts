import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFanout, SharedBytes, Target } from "./mod.js";
import { sendInJavaScript } from "./send-in-javascript.js";
import { collect, SocketPairs } from "./testing/pairs.js";
import { add, addAll, bytes, kinds, numberOf, send } from "./testing/queueing.js";

let sockets: SocketPairs;

beforeEach(async () => {
  sockets = await SocketPairs.listen();
});

afterEach(() => sockets.close());

it("hands a target one list at a time: the next waits for what becomes of it", async () => {
  const all = await sockets.pairs(3);
  const batches: number[][] = [];
  const fanout = createFanout({
    send: (count, descriptors, ...rest) => {
      batches.push([...descriptors.subarray(0, count)]);
      return sendInJavaScript(count, descriptors, ...rest);
    },
  });
  const targets = all.map(({ near }) => new Target(near));
  // The first time their descriptors are asked for, from then on they are known.
  for (const [a, b] of ["ab", "cd", "ef"]) {
    addAll(fanout, targets.slice(0, 2), bytes(a!));
    addAll(fanout, targets.toReversed(), bytes(b!));
    fanout.flush();
  }
  expect(batches.map(({ length }) => length)).toEqual([3, 2, 3, 2, 3, 2]);
  for (const batch of batches) expect(new Set(batch).size).toBe(batch.length);
});

describe.each(kinds)("a batch of the %s fan-out", (_kind, create) => {
  it("delivers several lists in one batch, each to its own targets, parts in order", async () => {
    const all = await sockets.pairs(30);
    const heard = all.map(({ far }) => collect(far, 6));
    const lists = [bytes("a-b-c-"), bytes("d-", "e-f-"), bytes("g", "-", "h-i-")];
    const fanout = create();
    for (const [index, { near }] of all.entries()) add(fanout, new Target(near), lists[index % 3]!);
    fanout.flush();
    const texts = (await Promise.all(heard)).map(String);
    expect(texts).toEqual(all.map((_, index) => ["a-b-c-", "d-e-f-", "g-h-i-"][index % 3]));
  });

  it("delivers more lists, and more parts of one list, than a batch holds", async () => {
    const { near, far } = await sockets.pair();
    const fanout = create();
    const target = new Target(near);
    const heard = collect(far, 2 * 1_500 + 1);
    for (let index = 0; index < 1_500; index++) add(fanout, target, bytes(String(index % 10)));
    add(fanout, target, bytes(""));
    add(fanout, target, new SharedBytes(Array.from({ length: 1_500 }, () => Buffer.from("p"))));
    add(fanout, target, bytes("."));
    fanout.flush();
    expect(String(await heard)).toBe(`${"0123456789".repeat(150)}${"p".repeat(1_500)}.`);
  });

  it("takes more targets in a row than a batch holds", async () => {
    const all = await sockets.pairs(1_100);
    const heard = all.map(({ far }) => collect(far, 2));
    const fanout = create();
    const targets = all.map(({ near }) => new Target(near));
    expect(send(fanout, targets, bytes("a"))).toBe(0);
    addAll(fanout, targets.slice(0, 500), bytes("b"));
    addAll(fanout, targets.slice(500), bytes("c"));
    fanout.flush();
    const texts = (await Promise.all(heard)).map(String);
    expect(texts).toEqual(all.map((_, index) => (index < 500 ? "ab" : "ac")));
  }, 20_000);

  it("takes targets in a row as it takes each by itself, whatever they are", async () => {
    const all = await sockets.pairs(7);
    const fanout = create();
    const targets = all.map(({ near }) => new Target(near));
    const [, queued, twice, touched, stopped, gone, ended] = targets;
    expect(send(fanout, targets, bytes("0"))).toBe(0);
    add(fanout, queued!, bytes("1"));
    fanout.detach(numberOf(fanout, gone!));
    stopped!.stop();
    all[3]?.near.write("2");
    all[6]?.near.end("3");
    addAll(fanout, [twice!, ...targets], bytes("4"));
    // What is queued waits behind what its stream writes now.
    all[3]?.near.write("5");
    addAll(fanout, [touched!, ended!], bytes("6"));
    fanout.flush();
    for (const { near } of all) near.end();
    const heard = all.map(({ far }) => collect(far, Number.POSITIVE_INFINITY));
    const texts = (await Promise.all(heard)).map(String);
    expect(texts).toEqual(["04", "014", "044", "02546", "0", "0", "03"]);
  });
});
