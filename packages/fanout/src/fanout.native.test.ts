import { once } from "node:events";
import { createConnection, type Server, type Socket } from "node:net";
import { connect as connectTls, createServer as createTlsServer } from "node:tls";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Fanout, loadNative, SharedBytes, Target } from "./mod.js";
import { collect, type Pair, pipes, SocketPairs } from "./testing/pairs.js";
import { add, addAll, bytes, kinds, native, send } from "./testing/queueing.js";

let sockets: SocketPairs;

beforeEach(async () => {
  sockets = await SocketPairs.listen();
});

afterEach(() => sockets.close());

/** Fills the kernel's buffers until some of it stays in the stream. */
function fill(fanout: Fanout, target: Target): number {
  let written = 0;
  while (target.heldBytes === 0) {
    send(fanout, [target], new SharedBytes([Buffer.alloc(262_144, "f")]));
    written += 262_144;
  }
  return written;
}

it("has the native helper wherever a compiler was there to build it", () => {
  expect("reason" in native ? native.reason : "").toBe("");
});

it("goes without a helper of another version, and says so", () => {
  expect(loadNative("/nowhere/fanout.node")).toMatchObject({
    reason: expect.stringContaining("/nowhere/fanout.node"),
  });
  expect(loadNative(import.meta.filename)).toHaveProperty("reason");
  expect(loadNative("javascript")).toMatchObject({ reason: expect.stringContaining("HOLDFAST_") });
});

describe.each(kinds)("the %s fan-out", (kind, create) => {
  it("says which kind it is", () => {
    expect(create().kind).toBe(kind);
  });

  it("takes nothing for a number that no target has, and is none the fuller for it", async () => {
    const { near, far } = await sockets.pair();
    const fanout = create();
    fanout.attach(1, new Target(near));
    const parts = () => new SharedBytes(new Array(700).fill(Buffer.from("a")));
    fanout.add(2, parts());
    fanout.add(1, parts());
    expect(fanout.flush()).toBe(0);
    expect(await collect(far, 700)).toHaveLength(700);
  });

  it("delivers the same bytes to every target, and is left with nothing", async () => {
    const all = await sockets.pairs(50);
    const heard = all.map(({ far }) => collect(far, 5));
    const left = send(
      create(),
      all.map(({ near }) => new Target(near)),
      bytes("hello"),
    );
    expect(left).toBe(0);
    for (const received of await Promise.all(heard)) expect(received.toString()).toBe("hello");
  });

  it("keeps the order of a socket whose kernel buffer is full, and reports when it has drained", async () => {
    const { near, far } = await sockets.pair();
    far.pause();
    const fanout = create();
    const chunk = (n: number) => Buffer.alloc(262_144, n);
    let left = 0;
    const drained = new Promise<void>((resolve) => {
      const target = new Target(near, { drained: resolve });
      for (let n = 1; n <= 40; n++) {
        // One buffer and a vector in turn: both may be taken in part.
        const half = chunk(n).subarray(0, 131_072);
        left += send(fanout, [target], new SharedBytes(n % 2 === 0 ? [chunk(n)] : [half, half]));
      }
    });
    expect(left).toBeGreaterThan(0);
    expect(near.writableLength).toBeGreaterThan(0);
    const reading = collect(far, 40 * 262_144);
    far.resume();
    const received = await reading;
    for (let n = 1; n <= 40; n++) {
      const part = received.subarray((n - 1) * 262_144, n * 262_144);
      expect(part.equals(chunk(n))).toBe(true);
    }
    await drained;
    expect(near.writableLength).toBe(0);
  });

  it("reports every time a full socket has drained, and is silent for one that never was", async () => {
    const { near, far } = await sockets.pair();
    const fanout = create();
    let drained = () => {};
    let reports = 0;
    const target = new Target(near, {
      drained: () => {
        reports++;
        drained();
      },
    });
    for (let round = 1; round <= 3; round++) {
      far.pause();
      send(fanout, [target], bytes("small"));
      const isOver = new Promise<void>((resolve) => {
        drained = resolve;
      });
      fill(fanout, target);
      far.resume();
      await isOver;
      expect(reports).toBe(round);
    }
  });

  it("keeps the order with bytes written through the stream before and after", async () => {
    const { near, far } = await sockets.pair();
    const fanout = create();
    const target = new Target(near);
    near.write("a");
    send(fanout, [target], bytes("b"));
    near.write("c");
    near.cork();
    near.write("d");
    send(fanout, [target], bytes("e", "f"));
    near.uncork();
    send(fanout, [target], bytes("g"));
    expect((await collect(far, 7)).toString()).toBe("abcdefg");
  });

  it("writes nothing to a destroyed or half-closed socket", async () => {
    const [destroyed, ended, alive] = await sockets.pairs(3);
    if (!destroyed || !ended || !alive) throw new Error("three pairs");
    const targets = [destroyed, ended, alive].map(({ near }) => new Target(near));
    destroyed.near.destroy();
    ended.near.end("bye");
    const fromEnded = collect(ended.far, Number.POSITIVE_INFINITY);
    const fromAlive = collect(alive.far, 1);
    send(create(), targets, bytes("x"));
    expect((await fromEnded).toString()).toBe("bye");
    expect((await fromAlive).toString()).toBe("x");
  });

  it("writes nothing to a target that was stopped, not even what was queued for it", async () => {
    const { near, far } = await sockets.pair();
    const fanout = create();
    const target = new Target(near);
    send(fanout, [target], bytes("before"));
    add(fanout, target, bytes("queued"));
    target.stop();
    send(fanout, [target], bytes("after"));
    near.end(".");
    expect(String(await collect(far, Number.POSITIVE_INFINITY))).toBe("before.");
  });

  it("writes nothing for a number that was given back, and what is right for who has it next", async () => {
    const [first, second] = await sockets.pairs(2);
    if (!first || !second) throw new Error("two pairs");
    const fanout = create();
    fanout.attach(1_000_000, new Target(first.near));
    fanout.add(1_000_000, bytes("queued for the first"));
    fanout.detach(1_000_000);
    fanout.add(1_000_000, bytes("for nobody"));
    fanout.attach(1_000_000, new Target(second.near));
    fanout.flush();
    fanout.add(1_000_000, bytes("for the second"));
    fanout.flush();
    first.near.end();
    second.near.end();
    expect(String(await collect(first.far, Number.POSITIVE_INFINITY))).toBe("queued for the first");
    expect(String(await collect(second.far, Number.POSITIVE_INFINITY))).toBe("for the second");
  });

  it("never gives a reused descriptor another connection's bytes", async () => {
    const fanout = create();
    let victims = await sockets.pairs(20);
    for (let round = 0; round < 25; round++) {
      const stale = victims.map(({ near }) => new Target(near));
      // Queued while they were open, closed before the batch is written.
      for (const target of stale) add(fanout, target, bytes("not for you"));
      for (const { near, far } of victims) {
        near.destroy();
        far.destroy();
      }
      // The closed numbers are handed out again at once: these sockets wear them now.
      const fresh = await sockets.pairs(20);
      const heard = fresh.map(({ far }) => collect(far, 2));
      send(fanout, stale, bytes("nor this"));
      send(
        fanout,
        fresh.map(({ near }) => new Target(near)),
        bytes("ok"),
      );
      for (const received of await Promise.all(heard)) expect(received.toString()).toBe("ok");
      victims = fresh;
    }
  });

  it("gives every connection its own bytes and no others while sockets close and open during broadcasts", async () => {
    const fanout = create();
    const open = new Map<number, { target: Target; pair: Pair; heard: Promise<Buffer> }>();
    let made = 0;
    const join = async (): Promise<void> => {
      const pair = await sockets.pair();
      const heard = collect(pair.far, Number.POSITIVE_INFINITY);
      open.set(made++, { target: new Target(pair.near), pair, heard });
    };
    const texts: string[] = [];
    for (let count = 0; count < 40; count++) await join();
    for (let round = 0; round < 60; round++) {
      for (const [name, { target }] of open) addAll(fanout, [target], bytes(`${name};`));
      for (const [name, { pair, heard }] of [...open].slice(0, 6)) {
        // Before the batch is written, after it, half-closed, reset, or by the other side.
        const late = name % 5;
        if (late === 0) pair.near.destroy();
        else if (late === 1) pair.near.end();
        else if (late === 2) pair.near.resetAndDestroy();
        else if (late === 3) pair.far.destroy();
        else setImmediate(() => pair.near.destroy());
        open.delete(name);
        void heard.then(
          (text) => texts.push(`${name}|${text}`),
          () => {},
        );
        await join();
      }
      fanout.flush();
    }
    const rest = [...open].map(async ([name, { pair, heard }]) => {
      pair.near.end();
      texts.push(`${name}|${await heard}`);
    });
    await Promise.all(rest);
    expect(texts.length).toBeGreaterThan(100);
    for (const line of texts) {
      const [name, text = ""] = line.split("|");
      expect(text.replaceAll(`${name};`, ""), line).toBe("");
    }
  });

  it("survives a peer that resets while bytes are on the way", async () => {
    const { near, far } = await sockets.pair();
    far.resetAndDestroy();
    const closed = once(near, "close").catch(() => {});
    const fanout = create();
    const target = new Target(near);
    const again = setInterval(
      () => send(fanout, [target], new SharedBytes([Buffer.alloc(1024)])),
      1,
    );
    await closed;
    clearInterval(again);
    expect(near.destroyed).toBe(true);
  });

  it("writes to TLS sockets through their encryption only", async () => {
    // A shared key in place of a certificate (RFC 4279).
    const psk = Buffer.alloc(32, 7);
    const server = createTlsServer({ ciphers: "PSK", pskCallback: () => psk });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const arrived = once(server, "secureConnection");
    const far = connectTls({
      port: portOf(server),
      host: "127.0.0.1",
      ciphers: "PSK",
      pskCallback: () => ({ psk, identity: "test" }),
      checkServerIdentity: () => undefined,
    });
    const [near] = (await arrived) as [Socket];
    const target = new Target(near);
    expect(target.descriptor).toBe(-1);
    const heard = collect(far, 7);
    const fanout = create();
    send(fanout, [target], bytes("sec", "ret"));
    send(fanout, [target], bytes("!"));
    expect(String(await heard)).toBe("secret!");
    far.destroy();
    near.destroy();
    server.close();
    await once(server, "close");
  });

  it("writes to sockets of another kind through their stream", async () => {
    const path = pipes.path();
    const { server, arrived } = await pipes.listen(path);
    const far = createConnection(path);
    const near = await arrived;
    const target = new Target(near);
    expect(target.descriptor).toBe(-1);
    const heard = collect(far, 2);
    send(create(), [target], bytes("ok"));
    expect(String(await heard)).toBe("ok");
    far.destroy();
    near.destroy();
    server.close();
    await once(server, "close");
  });
});

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
