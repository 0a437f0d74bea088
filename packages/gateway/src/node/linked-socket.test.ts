import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { LinkedSocket, type SocketEvents } from "./linked-socket.js";

/** What `ws` keeps to inflate the next message of a connection: private to it, so a new version may move it. */
function inflaterOf(socket: LinkedSocket): unknown {
  const deflate = Object(Reflect.get(socket, "_extensions"))["permessage-deflate"];
  expect(deflate, "the extension of the connection").toBeTypeOf("object");
  return deflate._inflate;
}

it("a connection keeps no inflater between compressed messages, and goes on", async () => {
  const server = createServer();
  const sockets = new WebSocketServer({
    WebSocket: LinkedSocket,
    noServer: true,
    perMessageDeflate: { clientNoContextTakeover: true, serverNoContextTakeover: true },
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const heard: [string, boolean][] = [];
  let more = (): void => {};
  server.on("upgrade", (request, connection, head) => {
    sockets.handleUpgrade(request, connection, head, (socket) => {
      const events: SocketEvents = {
        received: (data) => {
          const kept = inflaterOf(socket) !== null;
          socket.releaseInflater();
          expect(inflaterOf(socket)).toBeNull();
          heard.push([data.toString(), kept]);
          more();
        },
        pinged: () => {},
        ponged: () => {},
        broken: () => {},
        closed: () => {},
      };
      socket.link(events);
    });
  });
  const { port } = server.address() as AddressInfo;
  const client = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: { threshold: 0 } });
  onTestFinished(() => client.terminate());
  await once(client, "open");
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
