import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { SeededRandom } from "@holdfast/core/testing";
import { Redis } from "ioredis";
import { expect, test, vi } from "vitest";
import { parseAddress } from "../address.js";
import { resolveLimits } from "../limits.js";
import { connectCluster, dropConnection } from "./connect.js";

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

test("a cluster's connection that is lost while a slot moves does not end the process by an ASKING nobody waits for", async () => {
  const address = parseAddress("redis+cluster://127.0.0.1:1");
  const cluster = connectCluster({
    address,
    limits: resolveLimits({}),
    random: new SeededRandom(1),
  });
  const lost = Promise.reject(new Error("Connection is closed."));
  const heard = vi.spyOn(lost, "catch");
  const node = { asking: () => lost };
  cluster.emit("+node", node);
  // As the client does, which waits for nothing.
  void node.asking();
  expect(heard).toHaveBeenCalled();
  cluster.disconnect();
});
