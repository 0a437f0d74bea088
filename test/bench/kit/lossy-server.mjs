// Like bare `ws`, but the fifth publication does not reach the subscriber that came first.
import { createServer } from "node:http";
import { WebSocketServer } from "ws";
import { report } from "../../../bench/peers/servers/report.mjs";

/** @type {import("ws").WebSocket[]} */
const subscribers = [];
let published = 0;

const server = createServer();
new WebSocketServer({ server }).on("connection", (socket, request) => {
  socket.on("error", () => {});
  if (request.url !== "/pub") {
    subscribers.push(socket);
    return;
  }
  socket.on("message", (/** @type {Buffer} */ data) => {
    published += 1;
    for (const subscriber of published === 5 ? subscribers.slice(1) : subscribers) {
      subscriber.send(data, { binary: false });
    }
  });
});
server.listen(0, "127.0.0.1", () => {
  const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
  report(port);
});
