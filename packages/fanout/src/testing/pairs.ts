import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Both ends of one connection. */
export interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

/** Connections on loopback of which a test holds both ends. */
export class SocketPairs {
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  static async listen(): Promise<SocketPairs> {
    const server = createServer({ allowHalfOpen: true });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new SocketPairs(server);
  }

  constructor(server: Server) {
    this.#server = server;
  }

  async pair(): Promise<Pair> {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    const arrived = once(this.#server, "connection");
    const far = connect(address.port, "127.0.0.1");
    const [[near]] = (await Promise.all([arrived, once(far, "connect")])) as [[Socket], unknown];
    for (const socket of [near, far]) {
      socket.on("error", () => {});
      socket.once("close", () => this.#open.delete(socket));
      this.#open.add(socket);
    }
    return { near, far };
  }

  /** One after the other: which arrival belongs to which dialler is only certain when one is on its way. */
  async pairs(count: number): Promise<Pair[]> {
    const made: Pair[] = [];
    while (made.length < count) made.push(await this.pair());
    return made;
  }

  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}

/** Everything a socket receives up to `bytes`, or until the other side ends or resets it. */
export function collect(socket: Socket, bytes: number): Promise<Buffer> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let length = 0;
    const over = (): void => resolve(Buffer.concat(parts));
    socket.on("end", over);
    socket.on("close", over);
    socket.on("data", (part: Buffer) => {
      parts.push(part);
      length += part.length;
      if (length >= bytes) over();
    });
  });
}

let paths = 0;

/** Servers on a path of the file system, whose sockets have no port. */
export const pipes = {
  path: (): string => join(tmpdir(), `holdfast-fanout-${process.pid}-${paths++}.sock`),
  listen: async (path: string): Promise<{ server: Server; arrived: Promise<Socket> }> => {
    const server = createServer();
    server.listen(path);
    await once(server, "listening");
    const arrived = once(server, "connection").then(([socket]) => socket as Socket);
    return { server, arrived };
  },
};
