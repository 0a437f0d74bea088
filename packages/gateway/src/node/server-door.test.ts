import { once } from "node:events";
import { connect } from "node:net";
import { silentLogger } from "@holdfast/core";
import { afterEach, expect, it } from "vitest";
import { nodeClock } from "./platform.js";
import { ServerDoor } from "./server-door.js";

const doors: ServerDoor[] = [];

function makeDoor(): ServerDoor {
  const door = new ServerDoor({
    path: "/ws",
    clock: nodeClock,
    logger: silentLogger,
    tlsCheckIntervalMs: 10_000,
    upgrade: { handle: (_request, socket) => void socket.end("upgraded") },
    http: { handle: () => false, handleAll: (_request, response) => void response.end("plain") },
    limits: { headersTimeoutMs: 100, requestTimeoutMs: 100, checkIntervalMs: 20 },
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
