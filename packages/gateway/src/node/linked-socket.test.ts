import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { type ClientOptions, WebSocket, WebSocketServer } from "ws";
import { LinkedSocket, type SocketEvents } from "./linked-socket.js";

/** What `ws` keeps to inflate the next message of a connection: private to it, so a new version may move it. */
function inflaterOf(socket: LinkedSocket): unknown {
  const deflate = Object(Reflect.get(socket, "_extensions"))["permessage-deflate"];
  expect(deflate, "the extension of the connection").toBeTypeOf("object");
  return deflate._inflate;
}

/** A server whose sockets tell `eventsOf`, and a client of it. */
async function connected(
  eventsOf: (socket: LinkedSocket) => Partial<SocketEvents>,
  client: ClientOptions = {},
): Promise<WebSocket> {
  const server = createServer();
  const sockets = new WebSocketServer({
    WebSocket: LinkedSocket,
    noServer: true,
    autoPong: false,
    perMessageDeflate: { clientNoContextTakeover: true, serverNoContextTakeover: true },
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  server.on("upgrade", (request, connection, head) => {
    sockets.handleUpgrade(request, connection, head, (socket) => {
      const ignored = (): void => {};
      socket.link({
        received: ignored,
        pinged: ignored,
        ponged: ignored,
        broken: ignored,
        closed: ignored,
        ...eventsOf(socket),
      });
    });
  });
  const { port } = server.address() as AddressInfo;
  const socket = new WebSocket(`ws://127.0.0.1:${port}`, client);
  onTestFinished(() => socket.terminate());
  await once(socket, "open");
  return socket;
}

it("a connection keeps no inflater between compressed messages, and goes on", async () => {
  const heard: [string, boolean][] = [];
  let more = (): void => {};
  const client = await connected(
    (socket) => ({
      received: (data) => {
        const kept = inflaterOf(socket) !== null;
        socket.releaseInflater();
        expect(inflaterOf(socket)).toBeNull();
        heard.push([data.toString(), kept]);
        more();
      },
    }),
    { perMessageDeflate: { threshold: 0 } },
  );
  for (const text of ["one", "two", "three"]) client.send(text);
  while (heard.length < 3) {
    await new Promise<void>((resolve) => {
      more = resolve;
    });
  }
  // It was there each time, so that something is proven by its being gone.
  expect(heard).toEqual([
    ["one", true],
    ["two", true],
    ["three", true],
  ]);
});

/** Sends so many pings as one write; resolves with the close code, or with how many were answered. */
async function pinged(client: WebSocket, count: number): Promise<string> {
  let answered = 0;
  const socket = Object(Reflect.get(client, "_socket"));
  socket.cork();
  for (let n = 0; n < count; n++) client.ping(String(n));
  socket.uncork();
  return await new Promise((resolve) => {
    client.on("pong", (data) => {
      expect(String(data)).toBe(String(answered));
      answered++;
      if (answered === count) resolve(`answered ${answered}`);
    });
    client.on("close", (code) => resolve(`closed ${code}`));
  });
}

it("answers pings, as many at once as may wait for their socket", async () => {
  const client = await connected(() => ({}));
  expect(await pinged(client, 16)).toBe("answered 16");
  client.removeAllListeners("pong");
  expect(await pinged(client, 16)).toBe("answered 16");
});

it("cuts a connection that sends more pings than may wait for their answers", async () => {
  const client = await connected(() => ({}));
  expect(await pinged(client, 17)).toBe("closed 1006");
});

it("knows where ws keeps the chunks it reads and what was negotiated", async () => {
  let seen: unknown;
  let more = (): void => {};
  const client = await connected(
    (socket) => ({
      received: () => {
        const receiver = Object(Reflect.get(socket, "_receiver"));
        seen = [receiver._buffers, receiver._extensions === Reflect.get(socket, "_extensions")];
        more();
      },
    }),
    { perMessageDeflate: false },
  );
  const heard = new Promise<void>((resolve) => {
    more = resolve;
  });
  client.send("one");
  await heard;
  expect(seen).toEqual([[], true]);
});
