// Bare `ws`: one WebSocketServer, a set of subscribers, and one of two ways to reach them all:
//   send    `send(Buffer)` in a loop, as its manual shows it
//   framed  the frame is made once and written to each socket
import { createServer } from "node:http";
import { Sender, WebSocketServer } from "ws";
import { report } from "./report.mjs";

const [, , way = "send"] = process.argv;

/** @type {Set<import("ws").WebSocket & { _socket: import("node:net").Socket }>} */
const subscribers = new Set();

/** @param {Buffer} data */
function sendToAll(data) {
  for (const socket of subscribers) socket.send(data, { binary: false });
}

/** @param {Buffer} data */
function writeToAll(data) {
  const frame = Buffer.concat(
    Sender.frame(data, { fin: true, rsv1: false, opcode: 1, mask: false, readOnly: true }),
  );
  for (const socket of subscribers) socket._socket.write(frame);
}

const publish = way === "framed" ? writeToAll : sendToAll;
const server = createServer();
const sockets = new WebSocketServer({ server, perMessageDeflate: false, clientTracking: false });
sockets.on("connection", (/** @type {any} */ socket, request) => {
  socket.on("error", () => {});
  if (request.url === "/pub") socket.on("message", publish);
  else if (request.url === "/echo") {
    socket.on("message", (/** @type {Buffer} */ data) => socket.send(data, { binary: false }));
  } else {
    subscribers.add(socket);
    socket.on("close", () => subscribers.delete(socket));
  }
});
server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () =>
  report(/** @type {any} */ (server.address()).port),
);
