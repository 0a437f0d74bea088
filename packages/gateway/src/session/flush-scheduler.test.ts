import { defaultsOf } from "@holdfast/core";
import { VirtualClock } from "@holdfast/core/testing";
import { jsonCodec } from "@holdfast/protocol/json";
import { describe, expect, it } from "vitest";
import type { FrameList } from "../frame-list.js";
import { type Settings, settings } from "../settings.js";
import { Frame, type FrameWriter, type Transport } from "../transport.js";
import { FlushScheduler } from "./flush-scheduler.js";
import { Outbox } from "./outbox.js";

class Socket implements Transport {
  readonly codec = jsonCodec;
  readonly negotiated = true;
  bufferedBytes = 0;
  readonly written: string[][] = [];
  write(frames: readonly Frame[]): void {
    this.written.push(frames.map(({ payload }) => String(payload)));
  }
  ping(): void {}
  close(): void {}
  terminate(): void {}
}

/** Writes to sockets, and notes which lists it was given in which batch. */
class Writer implements FrameWriter {
  readonly batches: FrameList[][] = [];
  #batch: FrameList[] = [];
  readonly #sockets: (Transport | undefined)[] = [];
  attach(slot: number, transport: Transport): void {
    this.#sockets[slot] = transport;
  }
  detach(slot: number): void {
    this.#sockets[slot] = undefined;
  }
  add(slots: Int32Array, from: number, to: number, list: FrameList): void {
    for (const slot of slots.subarray(from, to)) {
      this.#batch.push(list);
      this.#sockets[slot]?.write(list.frames());
    }
  }
  flush(): number {
    if (this.#batch.length > 0) this.batches.push(this.#batch);
    this.#batch = [];
    return this.#sockets.filter((socket) => (socket?.bufferedBytes ?? 0) > 0).length;
  }
}

function setUp(count: number, overrides: Partial<Settings> = {}) {
  const clock = new VirtualClock();
  const writer = new Writer();
  const all = { ...defaultsOf(settings), ...overrides };
  const flushes = new FlushScheduler(clock, writer, all);
  const failed: number[] = [];
  const peers = Array.from({ length: count }, (_, index) => {
    const socket = new Socket();
    const owner = { endsAtMs: Number.POSITIVE_INFINITY, asked: 0 };
    const outbox = new Outbox(socket, flushes, all, {
      fail: () => {
        failed.push(index);
        outbox.finish(undefined, true);
      },
      mayWrite: () => {
        owner.asked++;
        if (owner.endsAtMs > clock.wallMs()) return true;
        outbox.finish(undefined, true);
        return false;
      },
    });
    return { socket, outbox, owner };
  });
  const slots = Int32Array.from(peers, ({ outbox }) => outbox.slot);
  const send = (text: string, count = slots.length) =>
    flushes.send(slots, count, new Frame(text, text.length));
  return { clock, writer, flushes, peers, slots, send, failed };
}

const text = (value: string): Frame => new Frame(value, value.length);

describe("what waits for many connections", () => {
  it("leaves at the end of the tick it came in, as one write", () => {
    const { clock, peers, send } = setUp(3);
    send("a");
    send("b");
    for (const { socket } of peers) expect(socket.written).toEqual([]);
    clock.runSoon();
    expect(clock.monoMs()).toBe(0);
    for (const { socket } of peers) expect(socket.written).toEqual([["a", "b"]]);
    clock.advance(1000);
    for (const { socket } of peers) expect(socket.written).toHaveLength(1);
  });

  it("is one list for all who wait for the same, and another for those who also wait for more", () => {
    const { clock, writer, peers, send } = setUp(4);
    send("a");
    peers[1]?.outbox.control(text("reply"));
    send("b");
    clock.runSoon();
    const [lists] = writer.batches;
    expect(new Set(lists).size).toBe(2);
    expect(lists?.[0]).toBe(lists?.[3]);
    expect(peers[1]?.socket.written).toEqual([["a", "reply", "b"]]);
    expect(peers[3]?.socket.written).toEqual([["a", "b"]]);
  });

  it("is theirs though others come in the middle of it, by whom hears that a connection ends", () => {
    const { clock, flushes, peers, send, writer } = setUp(40, { maxOutboundBytes: 10 });
    const late: Outbox[] = [];
    const all = { ...defaultsOf(settings), maxOutboundBytes: 10 };
    const joins = () => {
      const socket = new Socket();
      late.push(new Outbox(socket, flushes, all, { fail: () => {}, mayWrite: () => true }));
    };
    peers[1]!.socket.bufferedBytes = 100_000;
    peers[1]!.outbox.look();
    const { finish } = peers[1]!.outbox;
    peers[1]!.outbox.finish = (...given) => {
      finish.apply(peers[1]!.outbox, given);
      for (let n = 0; n < 200; n++) joins();
    };
    send("12345");
    send("6");
    clock.runSoon();
    expect(late).toHaveLength(200);
    for (const [index, { socket }] of peers.entries()) {
      expect(socket.written, `${index}`).toEqual(index === 1 ? [] : [["12345", "6"]]);
    }
    expect(writer.batches.flat()).toHaveLength(39);
  });

  it("is written before more is sent by who waits for it, at a quarter of what may wait", async () => {
    const { clock, peers, send, flushes } = setUp(2, {
      maxOutboundBytes: 40,
      maxOutboundMessages: 8,
    });
    send("12345");
    expect(flushes.flushed()).toBeUndefined();
    send("67890");
    const byBytes = flushes.flushed();
    expect(byBytes).toBeInstanceOf(Promise);
    expect(flushes.flushed()).toBe(byBytes);
    clock.runSoon();
    await byBytes;
    for (const { socket } of peers) expect(socket.written).toEqual([["12345", "67890"]]);
    expect(flushes.flushed()).toBeUndefined();
    send("a");
    send("b");
    expect(flushes.flushed()).toBeInstanceOf(Promise);
  });

  it("is waited for in vain by nobody, though no connection had room for what was sent", async () => {
    const { clock, peers, send, flushes } = setUp(1, { maxOutboundBytes: 40 });
    for (const { socket } of peers) socket.bufferedBytes = 1_000_000;
    send("1234567890");
    clock.runSoon();
    send("1234567890");
    const flushed = flushes.flushed();
    clock.runSoon();
    await flushed;
    expect(flushes.flushed()).toBeUndefined();
  });

  it("is waited for until all who had something waiting have been written to", async () => {
    const { clock, peers, send, flushes } = setUp(5_000, { maxOutboundMessages: 4 });
    send("a");
    const flushed = flushes.flushed();
    let afterSome: unknown;
    clock.soon(() => {
      afterSome = flushes.flushed();
    });
    clock.runSoon();
    await flushed;
    expect(flushed).toBeInstanceOf(Promise);
    expect(afterSome).toBe(flushed);
    expect(flushes.flushed()).toBeUndefined();
    expect(peers.every(({ socket }) => socket.written.length === 1)).toBe(true);
  });

  it("is waited for while as much is with an engine, which may bring it all at once", async () => {
    const { clock, flushes } = setUp(1, { maxOutboundBytes: 40 });
    flushes.underWay(6);
    expect(flushes.flushed()).toBeUndefined();
    flushes.underWay(4);
    let isOver = false;
    const flushed = flushes.flushed()?.then(() => {
      isOver = true;
    });
    await clock.settle();
    expect([flushed, isOver]).toEqual([expect.any(Promise), false]);
    flushes.arrived(6);
    await clock.settle();
    expect(isOver).toBe(true);
    expect(flushes.flushed()).toBeUndefined();
  });

  it("is gathered for flushIntervalMs where that is set", () => {
    const { clock, peers, send } = setUp(1, { flushIntervalMs: 20 });
    send("a");
    clock.advance(10);
    send("b");
    clock.advance(9);
    expect(peers[0]?.socket.written).toEqual([]);
    clock.advance(1);
    expect(peers[0]?.socket.written).toEqual([["a", "b"]]);
  });

  it("reaches very many in portions, each connection once", () => {
    const { clock, writer, peers, send } = setUp(5_000);
    send("a");
    clock.runSoon();
    expect(writer.batches.map(({ length }) => length)).toEqual([2_048, 2_048, 904]);
    for (const { socket } of peers) expect(socket.written).toEqual([["a"]]);
  });

  it("is each one's own where very many wait for something else, and more comes between the portions", () => {
    const { clock, flushes, peers } = setUp(5_000);
    const tellAll = (text: string): void => {
      for (const [index, { outbox }] of peers.entries()) {
        outbox.control(new Frame(`${text}${index}`, 5));
      }
    };
    tellAll("a");
    const socket = new Socket();
    peers[3_000]?.outbox.finish(undefined, true);
    // Waits for its portion twice: as whom it was before, and as itself.
    const late = new Outbox(socket, flushes, defaultsOf(settings), {
      fail: () => {},
      mayWrite: () => true,
    });
    late.control(text("own"));
    clock.soon(() => tellAll("b"));
    clock.runSoon();
    expect(socket.written).toEqual([["own"]]);
    for (const [index, { socket }] of peers.entries()) {
      const [a, b] = [`a${index}`, `b${index}`];
      if (index === 3_000) expect(socket.written).toEqual([]);
      else expect(socket.written).toEqual(index < 2_048 ? [[a], [b]] : [[a, b]]);
    }
  });

  it("is written by the outbox itself while its socket is full, in order", () => {
    const { clock, writer, peers, send } = setUp(2);
    const [slow] = peers;
    if (slow === undefined) throw new Error("a peer");
    slow.socket.bufferedBytes = 70_000;
    send("a");
    clock.runSoon();
    send("b");
    send("c");
    clock.runSoon();
    expect(slow.socket.written).toEqual([["a"]]);
    expect(peers[1]?.socket.written).toEqual([["a"], ["b", "c"]]);
    send("d");
    slow.socket.bufferedBytes = 0;
    slow.outbox.drained();
    expect(slow.socket.written).toEqual([["a"], ["b", "c", "d"]]);
    send("e");
    clock.runSoon();
    expect(slow.socket.written.at(-1)).toEqual(["e"]);
    expect(writer.batches.at(-1)).toHaveLength(2);
  });

  it("fails the one whose bound it exceeds, and nobody else", () => {
    const { clock, peers, send, failed } = setUp(3, { maxOutboundMessages: 16 });
    const [, slow] = peers;
    if (slow === undefined) throw new Error("a peer");
    slow.socket.bufferedBytes = 70_000;
    for (let index = 0; index < 20; index++) {
      send(String(index));
      clock.runSoon();
    }
    expect(failed).toEqual([1]);
    for (const index of [0, 2]) expect(peers[index]?.socket.written).toHaveLength(20);
  });

  it("is not written once the owner's time is over, and the owner is asked only then", () => {
    const { clock, peers, send } = setUp(2);
    const [mortal, other] = peers;
    if (mortal === undefined || other === undefined) throw new Error("two peers");
    mortal.owner.endsAtMs = clock.wallMs() + 1000;
    mortal.outbox.writeUntil(mortal.owner.endsAtMs);
    send("a");
    clock.runSoon();
    expect([mortal.owner.asked, other.owner.asked]).toEqual([0, 0]);
    send("b");
    clock.jumpWall(1000);
    clock.runSoon();
    expect(mortal.socket.written).toEqual([["a"]]);
    expect(other.socket.written).toEqual([["a"], ["b"]]);
    expect([mortal.owner.asked, other.owner.asked]).toEqual([1, 0]);
  });

  it("is never written to who has the number of a connection that is gone", () => {
    const { clock, flushes, peers, send, slots } = setUp(3);
    send("old");
    peers[1]?.outbox.finish(undefined, true);
    const socket = new Socket();
    const owner = { fail: () => {}, mayWrite: () => true };
    const late = new Outbox(socket, flushes, defaultsOf(settings), owner);
    expect(late.slot).toBe(slots[1]);
    clock.runSoon();
    expect(socket.written).toEqual([]);
    late.control(text("own"));
    clock.runSoon();
    expect(socket.written).toEqual([["own"]]);
    expect(peers[1]?.socket.written).toEqual([]);
    expect(flushes.size).toBe(3);
  });

  it("is dropped where the channel may not be read any more, and only that", () => {
    const { clock, peers } = setUp(1);
    const { outbox, socket } = peers[0] ?? expect.fail("a peer");
    outbox.stored(new Frame("a1", 2, "a"));
    outbox.stored(new Frame("b1", 2, "b"));
    outbox.control(text("reply"));
    outbox.drop("a");
    outbox.stored(new Frame("b2", 2, "b"));
    clock.runSoon();
    expect(socket.written).toEqual([["b1", "reply", "b2"]]);
  });
});
