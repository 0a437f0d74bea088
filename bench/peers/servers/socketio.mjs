// Socket.IO with its defaults, WebSocket transport only, one room per channel. With `recovery` as
// first argument it keeps packets, so that clients which come back get what they missed.
import { createServer } from "node:http";
import { Server } from "socket.io";
import { report } from "./report.mjs";

const server = createServer();
const io = new Server(server, {
  transports: ["websocket"],
  serveClient: false,
  perMessageDeflate: false,
  ...(process.argv[2] === "recovery"
    ? { connectionStateRecovery: { maxDisconnectionDuration: 120_000, skipMiddlewares: true } }
    : {}),
});
io.on("connection", (socket) => {
  socket.on("join", (channel) => {
    socket.join(channel);
    socket.emit("joined", channel);
  });
  socket.on("publish", (channel, data) => io.to(channel).emit("p", data));
  socket.on("echo", (data, answer) => answer(data));
  if (socket.recovered) socket.emit("recovered");
});
server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () =>
  report(/** @type {any} */ (server.address()).port),
);
