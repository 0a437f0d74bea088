import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFanout, type Fanout, loadNative, Target } from "./mod.js";

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

let server: Server;
const open: Socket[] = [];

beforeEach(async () => {
  server = createServer({ allowHalfOpen: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});

afterEach(async () => {
  for (const socket of open.splice(0)) socket.destroy();
  server.close();
  await once(server, "close");
});

async function pair(): Promise<Pair> {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const arrived = once(server, "connection");
  const far = connect(address.port, "127.0.0.1");
  far.on("error", () => {});
  const [near] = (await arrived) as [Socket];
  near.on("error", () => {});
  open.push(near, far);
  return { near, far };
}

/** One after the other: which arrival belongs to which dialler is only certain when one is on its way. */
async function pairs(count: number): Promise<Pair[]> {
  const made: Pair[] = [];
  while (made.length < count) made.push(await pair());
  return made;
}

function collect(socket: Socket, bytes: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let length = 0;
    socket.on("error", reject);
    socket.on("end", () => resolve(Buffer.concat(parts)));
    socket.on("data", (part: Buffer) => {
      parts.push(part);
      length += part.length;
      if (length >= bytes) resolve(Buffer.concat(parts));
    });
  });
}

const native = loadNative();

it("has the native helper wherever a compiler was there to build it", () => {
  expect("reason" in native ? native.reason : "").toBe("");
});

const kinds: readonly (readonly [string, () => Fanout])[] = [
  ["native", () => createFanout(native)],
  ["javascript", () => createFanout({ reason: "asked for" })],
];

describe.each(kinds)("the %s fan-out", (kind, create) => {
  it("says which kind it is", () => {
    expect(create().kind).toBe(kind);
  });

  it("delivers the same bytes to every target", async () => {
    const all50 = await pairs(50);
    const all = all50.map(({ far }) => collect(far, 5));
    create().send(
      all50.map(({ near }) => new Target(near)),
      Buffer.from("hello"),
    );
    for (const received of await Promise.all(all)) expect(received.toString()).toBe("hello");
  });

  it("keeps the order of a socket whose kernel buffer is full", async () => {
    const { near, far } = await pair();
    far.pause();
    const fanout = create();
    const target = new Target(near);
    const chunk = (n: number) => Buffer.alloc(256 * 1024, n);
    for (let n = 1; n <= 40; n++) fanout.send([target], chunk(n));
    expect(near.writableLength).toBeGreaterThan(0);
    const reading = collect(far, 40 * 256 * 1024);
    far.resume();
    const received = await reading;
    for (let n = 1; n <= 40; n++) {
      const part = received.subarray((n - 1) * 256 * 1024, n * 256 * 1024);
      expect(part.equals(chunk(n))).toBe(true);
    }
  });

  it("keeps the order with bytes written through the stream before and after", async () => {
    const { near, far } = await pair();
    const fanout = create();
    const target = new Target(near);
    near.write("a");
    fanout.send([target], Buffer.from("b"));
    near.write("c");
    fanout.send([target], Buffer.from("d"));
    expect((await collect(far, 4)).toString()).toBe("abcd");
  });

  it("writes nothing to a destroyed or half-closed socket", async () => {
    const [destroyed, ended, alive] = await pairs(3);
    if (!destroyed || !ended || !alive) throw new Error("three pairs");
    const targets = [destroyed, ended, alive].map(({ near }) => new Target(near));
    destroyed.near.destroy();
    ended.near.end("bye");
    const fromEnded = collect(ended.far, Number.POSITIVE_INFINITY);
    const fromAlive = collect(alive.far, 1);
    create().send(targets, Buffer.from("x"));
    expect((await fromEnded).toString()).toBe("bye");
    expect((await fromAlive).toString()).toBe("x");
  });

  it("never gives a reused descriptor another connection's bytes", async () => {
    const fanout = create();
    let victims = await pairs(20);
    for (let round = 0; round < 25; round++) {
      const stale = victims.map(({ near }) => new Target(near));
      for (const { near, far } of victims) {
        near.destroy();
        far.destroy();
      }
      // The closed numbers are handed out again at once: these sockets wear them now.
      const fresh = await pairs(20);
      const heard = fresh.map(({ far }) => collect(far, 2));
      fanout.send(stale, Buffer.from("not for you"));
      fanout.send(
        fresh.map(({ near }) => new Target(near)),
        Buffer.from("ok"),
      );
      for (const bytes of await Promise.all(heard)) expect(bytes.toString()).toBe("ok");
      victims = fresh;
    }
  });

  it("survives a peer that resets while bytes are on the way", async () => {
    const { near, far } = await pair();
    far.resetAndDestroy();
    const closed = new Promise<void>((resolve) => near.on("close", () => resolve()));
    const fanout = create();
    const target = new Target(near);
    const again = setInterval(() => fanout.send([target], Buffer.alloc(1024)), 1);
    await closed;
    clearInterval(again);
    expect(near.destroyed).toBe(true);
  });
});
