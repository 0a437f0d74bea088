import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createGateway } from "@holdfast/gateway";
import { expect, it } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { endAfterEach, onEnd, open } from "./kit/gateway.js";
import { JsonClient, refusedWith } from "./kit/json-client.js";

endAfterEach();

async function start(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onEnd(() => {
    server.close();
    server.closeAllConnections();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function attached(server: Server, options: { http?: boolean } = {}) {
  const gateway = createGateway(open);
  onEnd(() => gateway.close({ drainMs: 0 }));
  gateway.attach(server, options);
  return gateway;
}

it("stands beside an application: its routes and its other WebSockets go on as before", async () => {
  const server = createServer((request, response) => response.end(`app ${request.url}`));
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, socket, head) => {
    if (request.url !== "/own") return;
    sockets.handleUpgrade(request, socket, head, (own: WebSocket) => {
      own.send('{"type":"own"}');
    });
  });
  attached(server);
  const host = await start(server);
  expect(await (await fetch(`http://${host}/health/live`)).text()).toBe("app /health/live");
  const own = await JsonClient.open(`ws://${host}/own`);
  await own.next("own");
  own.socket.terminate();
  const client = await JsonClient.open(`ws://${host}/ws`);
  await client.ask({ type: "subscribe", channel: "chat:a" }, "subscribed");
});

it("answers its HTTP routes before the application where asked to, and leaves it whole on close", async () => {
  const server = createServer((_request, response) => response.end("app"));
  const gateway = attached(server, { http: true });
  const host = await start(server);
  expect(await (await fetch(`http://${host}/health/live`)).text()).toBe("live\n");
  expect(await (await fetch(`http://${host}/other`)).text()).toBe("app");
  await gateway.close({ drainMs: 0 });
  expect(await (await fetch(`http://${host}/health/live`)).text()).toBe("app");
  expect(server.listenerCount("upgrade")).toBe(0);
});

it("can be mounted inside an application's own handler", async () => {
  const gateway = createGateway(open);
  onEnd(() => gateway.close({ drainMs: 0 }));
  const server = createServer((request, response) => {
    if (!gateway.handleRequest(request, response)) response.end("app");
  });
  const host = await start(server);
  expect(await (await fetch(`http://${host}/health/live`)).text()).toBe("live\n");
  expect(await (await fetch(`http://${host}/other`)).text()).toBe("app");
});

it("does not leave an upgrade nobody wants hanging", async () => {
  const server = createServer();
  attached(server);
  const host = await start(server);
  expect((await refusedWith(`ws://${host}/nowhere`)).status).toBe(404);
});

it("says which port is taken", async () => {
  const first = createGateway(open);
  const second = createGateway(open);
  onEnd(() => first.close({ drainMs: 0 }));
  onEnd(() => second.close({ drainMs: 0 }));
  const { port } = await first.listen(0);
  await expect(second.listen(port)).rejects.toMatchObject({ code: "EADDRINUSE", port });
});

it("refuses an engine it does not know, by name and without the rest of the URL", () => {
  const wrong = () => createGateway({ broker: "redis://user:s3cret@host" });
  expect(wrong).toThrow(/option broker: redis:(?!.*s3cret)/);
});
