import { once } from "node:events";
import type { Socket } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DescriptorFanout } from "./descriptor-fanout.js";
import type { SendEach } from "./native.js";
import { sendInJavaScript } from "./send-in-javascript.js";
import { SharedBytes } from "./shared-bytes.js";
import { Target } from "./target.js";
import { collect, SocketPairs } from "./testing/pairs.js";
import { type StreamHandle, type Watcher, watch } from "./watched-handle.js";

let sockets: SocketPairs;
beforeEach(async () => {
  // A turn of its own: what was closed before does not count.
  await nextTurn();
  sockets = await SocketPairs.listen();
});
afterEach(() => sockets.close());

const handleOf = (socket: Socket): StreamHandle =>
  (socket as Socket & { readonly _handle: StreamHandle })._handle;

class Counting implements Watcher {
  touches = 0;
  losses = 0;
  touched(): void {
    this.touches++;
  }
  lost(): void {
    this.losses++;
  }
}

describe("a watched handle tells before its stream", () => {
  it.each<[string, (socket: Socket) => unknown]>([
    ["writes bytes", (socket) => socket.write(Buffer.from("a"))],
    ["writes text of any encoding", (socket) => socket.write("ä", "utf16le")],
    [
      "writes a vector",
      (socket) => {
        socket.cork();
        socket.write("a");
        socket.write("b");
        socket.uncork();
      },
    ],
    ["says that it ends", (socket) => socket.end()],
    ["closes", (socket) => socket.destroy()],
    ["resets", (socket) => socket.resetAndDestroy()],
  ])("%s", async (_what, act) => {
    const { near } = await sockets.pair();
    const watcher = new Counting();
    expect(watch(handleOf(near), watcher)).toBe(true);
    expect(watcher.touches + watcher.losses).toBe(0);
    act(near);
    expect(watcher.touches + watcher.losses).toBe(1);
  });
});

/** What Node's handle has, and a descriptor that no system call is made with. */
class FakeHandle implements StreamHandle {
  readonly fd = 1_000_000;
  writeBuffer(): void {}
  writev(): void {}
  shutdown(): void {}
  reset(): void {}
  closes = 0;
  close(): void {
    this.closes++;
  }
  stops = 0;
  readStop(): void {
    this.stops++;
  }
}

it.each(["close", "reset"] as const)(
  "a handle's watcher is forgotten with its descriptor at a %s",
  (closing) => {
    const [first, second] = [new FakeHandle(), new FakeHandle()];
    const [watcher, other] = [new Counting(), new Counting()];
    watch(first, watcher);
    first[closing]();
    watch(second, other);
    second.writeBuffer();
    second[closing]();
    expect([other.touches, other.losses]).toEqual([1, 1]);
    expect([watcher.touches, watcher.losses]).toEqual([0, 1]);
  },
);

it("a handle whose close has to wait reads nothing until then", async () => {
  const handles = Array.from({ length: 129 }, () => new FakeHandle());
  for (const handle of handles) {
    watch(handle, new Counting());
    handle.close();
  }
  const of = ({ closes, stops }: FakeHandle): number[] => [closes, stops];
  expect([handles[127], handles[128]].map((handle) => handle && of(handle))).toEqual([
    [1, 0],
    [0, 1],
  ]);
  await nextTurn();
  expect(handles.every(({ closes }) => closes === 1)).toBe(true);
});

it("whoever begins to watch a handle whose close waits is told of the close as well", async () => {
  const handles = Array.from({ length: 129 }, () => new FakeHandle());
  for (const handle of handles) {
    watch(handle, new Counting());
    handle.close();
  }
  const late = new Counting();
  watch(handles[128] as FakeHandle, late);
  expect(late.losses).toBe(0);
  await nextTurn();
  expect(late.losses).toBe(1);
});

it("a target whose handle was closed past its stream, as one sent to another process, has no descriptor", async () => {
  const { near } = await sockets.pair();
  const target = new Target(near);
  const { fd } = handleOf(near);
  expect(target.descriptor).toBe(fd);
  Reflect.apply(Reflect.get(handleOf(near), "close"), handleOf(near), []);
  expect([near.destroyed, target.descriptor]).toEqual([false, -1]);
});

it("of very many that are destroyed at once some close in a later turn", async () => {
  const pairs = await sockets.pairs(140);
  const handles = pairs.map(({ near }) => handleOf(near));
  for (const handle of handles) watch(handle, new Counting());
  const ended = Promise.all(pairs.map(({ far }) => once(far.resume(), "end")));
  for (const { near } of pairs) near.destroy();
  expect(handles.filter(({ fd }) => fd >= 0)).toHaveLength(12);
  await ended;
  expect(handles.every(({ fd }) => fd < 0)).toBe(true);
});

it("what has not the methods of Node's handle is not watched", () => {
  const handle = { fd: 1_000_000, writeBuffer: () => 0, close: () => {} };
  expect(watch(handle, new Counting())).toBe(false);
});

it("two targets of one socket both reach it, the earlier one through its stream", async () => {
  const { near, far } = await sockets.pair();
  const [earlier, later] = [new Target(near), new Target(near)];
  expect(earlier.descriptor).toBe(-1);
  expect(later.descriptor).toBe(handleOf(near).fd);
  const fanout = new DescriptorFanout("javascript", sendInJavaScript);
  fanout.attach(1, earlier);
  fanout.attach(2, later);
  for (const [index, text] of [
    [1, "a"],
    [2, "b"],
    [1, "c"],
  ] as const) {
    fanout.add(index, new SharedBytes([Buffer.from(text)]));
    fanout.flush();
  }
  expect(String(await collect(far, 3))).toBe("abc");
});

it("a descriptor is given to the helper until the stream is used, and again when the stream is empty", async () => {
  const { near, far } = await sockets.pair();
  const given: number[] = [];
  const spy: SendEach = (count, descriptors, ...rest) => {
    given.push(...descriptors.subarray(0, count));
    return sendInJavaScript(count, descriptors, ...rest);
  };
  const fanout = new DescriptorFanout("javascript", spy);
  const target = new Target(near);
  const { fd } = handleOf(near);
  fanout.attach(1, target);
  const send = (between?: () => void): void => {
    fanout.add(1, new SharedBytes([Buffer.from("x")]));
    between?.();
    fanout.flush();
  };
  send();
  send(() => near.write("."));
  send();
  far.pause();
  const size = 16 * 1_048_576;
  near.write(Buffer.alloc(size));
  const drained = once(near, "drain");
  send();
  far.resume();
  const heard = collect(far, size + 6);
  await drained;
  send();
  expect(given).toEqual([fd, -1, fd, -1, fd]);
  const received = await heard;
  expect(received.toString("latin1", 0, 4)).toBe("x.xx");
  expect(received.toString("latin1", size + 4)).toBe("xx");
});
