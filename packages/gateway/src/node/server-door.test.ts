import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { silentLogger } from "@holdfast/core";
import { generate } from "selfsigned";
import { afterEach, describe, expect, it } from "vitest";
import { nodeClock } from "./platform.js";
import { ServerDoor, type ServerDoorOptions } from "./server-door.js";

const doors: ServerDoor[] = [];

function makeDoor(options: Partial<ServerDoorOptions> = {}): ServerDoor {
  const door = new ServerDoor({
    path: "/ws",
    clock: nodeClock,
    logger: silentLogger,
    tlsCheckIntervalMs: 10_000,
    upgrade: { handle: (_request, socket) => void socket.end("upgraded") },
    http: { handle: () => false, handleAll: (_request, response) => void response.end("plain") },
    limits: { headersTimeoutMs: 100, requestTimeoutMs: 100, checkIntervalMs: 20 },
    ...options,
  });
  doors.push(door);
  return door;
}

afterEach(async () => {
  await Promise.all(doors.splice(0).map((door) => door.close()));
});

it("abuse 7: a request whose headers never end is answered with 408 and destroyed", async () => {
  const { port, url, webSocketUrl } = await makeDoor().listen(0, "127.0.0.1");
  expect([url, webSocketUrl]).toEqual([`http://127.0.0.1:${port}`, `ws://127.0.0.1:${port}/ws`]);
  const slow = connect(port, "127.0.0.1");
  let received = "";
  slow.on("data", (chunk) => {
    received += chunk;
  });
  slow.write("GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nX-Slow: ");
  await once(slow, "close");
  expect(received).toMatch(/^HTTP\/1\.1 408 /);
});

it("listens again after a port was taken", async () => {
  const { port } = await makeDoor().listen(0, "127.0.0.1");
  const other = makeDoor();
  await expect(other.listen(port, "127.0.0.1")).rejects.toMatchObject({ code: "EADDRINUSE" });
  expect((await other.listen(0, "127.0.0.1")).port).not.toBe(port);
  await expect(other.listen(0, "127.0.0.1")).rejects.toThrow("called before");
});

const request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  return socket;
}

/** Asks, and settles with everything that was answered. */
async function answer(socket: Socket): Promise<string> {
  let heard = "";
  socket.on("data", (chunk) => {
    heard += chunk;
  });
  socket.on("error", () => {});
  socket.write(request);
  await once(socket, "close");
  return heard;
}

/** As many turns of the loop as a whole request takes. */
async function someTurns(): Promise<void> {
  const { port } = await makeDoor().listen(0, "127.0.0.1");
  await answer(await connected(port));
}

describe.each(["http", "https"])("over %s, while as many are silent as may be", (scheme) => {
  async function makeGated(gate: ServerDoorOptions["gate"]) {
    const limits = { headersTimeoutMs: 60_000, requestTimeoutMs: 60_000 };
    if (scheme === "http") {
      const door = makeDoor({ limits, gate });
      return { door, ...(await door.listen(0, "127.0.0.1")), secure: (socket: Socket) => socket };
    }
    const pair = await generate([{ name: "commonName", value: "localhost" }], { keyType: "ec" });
    const door = makeDoor({ limits, gate, tls: { cert: pair.cert, key: pair.private } });
    const secure = (socket: Socket): Socket =>
      connectTls({ socket, ca: pair.cert, checkServerIdentity: () => undefined });
    return { door, ...(await door.listen(0, "127.0.0.1")), secure };
  }

  it("a further connection waits until one of them has spoken", async () => {
    const { port, secure } = await makeGated({ maxSilent: 1, silentMs: 60_000, heldUpMs: 60_000 });
    const [first, second] = [await connected(port), await connected(port)];
    const order: string[] = [];
    const late = answer(secure(second)).finally(() => order.push("second"));
    await someTurns();
    const early = answer(secure(first)).finally(() => order.push("first"));
    expect(await Promise.all([early, late])).toEqual([
      expect.stringMatching(/^HTTP\/1\.1 200 .*plain/s),
      expect.stringMatching(/^HTTP\/1\.1 200 .*plain/s),
    ]);
    expect(order).toEqual(["first", "second"]);
  });

  it("abuse 7: it waits a moment only", async () => {
    const { port, secure } = await makeGated({ maxSilent: 1, silentMs: 20 });
    const silent = await connected(port);
    const second = await connected(port);
    expect(await answer(secure(second))).toMatch(/^HTTP\/1\.1 200 /);
    silent.destroy();
  });

  it("one that waits is destroyed with the server", async () => {
    const { door, port } = await makeGated({ maxSilent: 1, silentMs: 60_000, heldUpMs: 60_000 });
    const silent = await connected(port);
    const second = await connected(port);
    second.resume();
    await someTurns();
    await Promise.all([once(second, "close"), silent.destroy(), door.close()]);
  });
});
