import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadNative, type SendEach } from "./mod.js";
import { sendInJavaScript } from "./send-in-javascript.js";
import { collect, SocketPairs } from "./testing/pairs.js";

const native = loadNative();
const send: SendEach = "send" in native ? native.send : () => expect.fail(native.reason);
/** As the helper may be called from JavaScript: with anything. */
const sendAnything = send as (...given: unknown[]) => number;

const int32 = (...values: number[]) => Int32Array.from(values);
const part = Buffer.from("abc");

describe("the native helper refuses what it cannot read, and sends nothing", () => {
  const one = int32(-1);
  it.each<[string, unknown[], string]>([
    ["too few arguments", [1, one], "sendEach takes"],
    ["a count that is none", ["x", one, int32(0), [part], int32(1), int32(0)], "count must be"],
    ["arrays of another type", [1, [1], int32(0), [part], int32(1), int32(0)], "Int32Arrays"],
    [
      "floats for descriptors",
      [1, new Float32Array(1), int32(0), [part], int32(1), int32(0)],
      "Int32",
    ],
    [
      "a count beyond the descriptors",
      [2, one, int32(0, 0), [part], int32(1), int32(0, 0)],
      "beyond",
    ],
    [
      "a count beyond the lists",
      [2, int32(-1, -1), int32(0), [part], int32(1), int32(0, 0)],
      "beyond",
    ],
    [
      "a count beyond the results",
      [2, int32(-1, -1), int32(0, 0), [part], int32(1), int32(0)],
      "beyond",
    ],
    ["a list that has no end", [1, one, int32(1), [part], int32(1), int32(0)], "no end"],
    ["a negative list", [1, one, int32(-1), [part], int32(1), int32(0)], "no end"],
    [
      "a list beyond all bounds",
      [1, one, int32(2 ** 30), [part], new Int32Array(2_000), int32(0)],
      "no end",
    ],
    ["ends beyond the parts", [1, one, int32(0), [part], int32(2), int32(0)], "ends must rise"],
    ["ends that fall", [1, one, int32(1), [part, part], int32(2, 1), int32(0)], "ends must rise"],
    ["an end that is negative", [1, one, int32(0), [part], int32(-1), int32(0)], "ends must rise"],
    [
      "more parts than it has room for",
      [1, one, int32(0), new Array(1_025).fill(part), int32(1_025), int32(0)],
      "ends must rise",
    ],
    [
      "parts that are no array",
      [1, one, int32(0), "abc", int32(1), int32(0)],
      "parts must be an array",
    ],
    ["a part that is no bytes", [1, one, int32(0), ["abc"], int32(1), int32(0)], "a part must be"],
    [
      "a part of wider numbers",
      [1, one, int32(0), [new Uint16Array(2)], int32(1), int32(0)],
      "a part must be",
    ],
  ])("%s", (_name, given, complaint) => {
    expect(() => sendAnything(...given)).toThrow(complaint);
  });

  it("nothing at all is nothing to do", () => {
    expect(send(0, int32(), int32(), [], int32(), int32())).toBe(0);
  });
});

describe.each([
  ["native helper", send],
  ["helper in JavaScript", sendInJavaScript],
])("the %s reports of each descriptor", (_name, send) => {
  let sockets: SocketPairs;
  beforeEach(async () => {
    sockets = await SocketPairs.listen();
  });
  afterEach(() => sockets.close());

  const descriptorOf = (socket: Socket): number =>
    (socket as Socket & { readonly _handle: { readonly fd: number } })._handle.fd;

  it("what was taken, and the error of one that is not open or not a socket", async () => {
    const { near, far } = await sockets.pair();
    const heard = collect(far, 6);
    const taken = int32(9, 9, 9);
    const ends = int32(2);
    const descriptors = int32(descriptorOf(near), 1_000_000, -1);
    expect(send(3, descriptors, int32(0, 0, 0), [part, part], ends, taken)).toBe(2);
    const badDescriptor = -9;
    expect([...taken.subarray(0, 2)]).toEqual([6, badDescriptor]);
    expect(taken[2]).toBeLessThan(0);
    expect(String(await heard)).toBe("abcabc");
  });

  it("that its peer is gone, without a signal that ends the process", async () => {
    const { near, far } = await sockets.pair();
    far.resetAndDestroy();
    const taken = int32(0);
    const [connectionReset, brokenPipe] = [-104, -32];
    for (const error of [connectionReset, brokenPipe]) {
      send(1, int32(descriptorOf(near)), int32(0), [part], int32(1), taken);
      expect(taken[0]).toBe(error);
    }
  });

  it("that nothing was taken when its buffer is full", async () => {
    const { near, far } = await sockets.pair();
    far.pause();
    const descriptor = int32(descriptorOf(near));
    const big = Buffer.alloc(1_048_576);
    const taken = int32(1);
    for (let round = 0; round < 100 && taken[0] !== 0; round++) {
      const incomplete = send(1, descriptor, int32(0), [big, part], int32(2), taken);
      expect(incomplete).toBe(taken[0] === big.length + part.length ? 0 : 1);
    }
    expect(taken[0]).toBe(0);
  });
});
