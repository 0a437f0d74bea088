import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { BreakableProxy } from "./breakable-proxy.js";

const ends: (() => void)[] = [];

afterEach(() => {
  for (const end of ends.splice(0)) end();
});

/** A server that says everything back, behind a proxy. */
async function echo() {
  const server = createServer((socket) => void socket.on("error", () => {}).pipe(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy = await BreakableProxy.to((server.address() as AddressInfo).port);
  ends.push(
    () => proxy.close(),
    () => server.close(),
  );
  return proxy;
}

async function dial(proxy: BreakableProxy): Promise<Socket> {
  const socket = connect(proxy.port, "127.0.0.1").on("error", () => {});
  ends.push(() => socket.destroy());
  await once(socket, "connect");
  return socket;
}

async function said(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [answer] = await once(socket, "data");
  return String(answer);
}

test("what is cut is cut from a number on, and lets nobody in until it is mended", async () => {
  const proxy = await echo();
  const first = await dial(proxy);
  expect(await said(first, "one")).toBe("one");
  const second = await dial(proxy);
  expect(await said(second, "two")).toBe("two");
  proxy.cut(1);
  await once(second, "close");
  expect(await said(first, "still")).toBe("still");
  const refused = await dial(proxy);
  await once(refused, "close");
  proxy.mend();
  expect(await said(await dial(proxy), "again")).toBe("again");
});

test("what is held up reaches the server once it is let through, though its sender has gone", async () => {
  const heard: string[] = [];
  const server = createServer((socket) => {
    socket.on("data", (bytes) => heard.push(String(bytes)));
    socket.on("end", () => socket.end());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy = await BreakableProxy.through(() => (server.address() as AddressInfo).port);
  ends.push(
    () => proxy.close(),
    () => server.close(),
  );
  const reached = once(server, "connection");
  const socket = await dial(proxy);
  await reached;
  const letThrough = proxy.holdUp();
  socket.end("late");
  await once(socket, "close");
  expect(heard).toEqual([]);
  await letThrough();
  expect(heard.join("")).toBe("late");
});
