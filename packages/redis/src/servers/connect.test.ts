import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { Redis } from "ioredis";
import { expect, test } from "vitest";
import { dropConnection } from "./connect.js";

test("a connection on which very many commands time out at once is given up once", async () => {
  const sockets: Socket[] = [];
  // Greets whoever comes, and answers nothing else.
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    socket.once("data", () => socket.write("+OK\r\n+OK\r\n+OK\r\n"));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const client = new Redis(port, "127.0.0.1", {
    enableReadyCheck: false,
    disableClientInfo: true,
    retryStrategy: () => null,
  });
  client.on("error", () => {});
  await once(client, "connect");
  const { stream } = client;
  const before = stream.listenerCount("close");
  for (let n = 0; n < 20; n += 1) dropConnection(client);
  const added = stream.listenerCount("close") - before;
  client.disconnect();
  for (const socket of sockets) socket.destroy();
  server.close();
  expect(added).toBe(1);
});
