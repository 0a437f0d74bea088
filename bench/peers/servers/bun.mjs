// Bun's own server with `publish` and its topics. Runs in Bun, not in Node.
// @ts-nocheck: Bun's types are no part of this repository.
import { report } from "./report.mjs";

const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch(request, self) {
    const { pathname } = new URL(request.url);
    if (self.upgrade(request, { data: { pathname } })) return undefined;
    return new Response("WebSocket only", { status: 426 });
  },
  websocket: {
    perMessageDeflate: false,
    open(socket) {
      if (socket.data.pathname === "/sub") socket.subscribe("bench");
    },
    message(socket, data) {
      if (socket.data.pathname === "/pub") server.publish("bench", data);
      else socket.send(data);
    },
  },
});
report(server.port);
