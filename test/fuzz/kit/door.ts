import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import type { LogFields, Logger } from "@holdfast/core";
import { createGateway, type GatewayOptions } from "@holdfast/gateway";
import { PipeEnd } from "./pipe.js";
import { must } from "./target.js";

/** The key that the API of the gateway takes. */
export const API_KEY = "the-api-key-of-the-fuzzer";

const everything = ["subscribe", "publish", "presence", "history", "call"] as const;

/** Turns of the event loop in which what was sent is dealt with before the sender ends. */
const TURNS = 4;

/** A running gateway, by its sockets: of the kernel, or made of nothing but memory. */
export class Door {
  readonly #faults: string[] = [];
  readonly #gateway: ReturnType<typeof createGateway>;
  readonly #isReal: boolean;
  #server: Server | undefined;
  #port = 0;

  private constructor(isReal: boolean, root: string) {
    this.#isReal = isReal;
    const options: GatewayOptions = {
      logger: this.#logger(),
      metrics: { process: false },
      channels: { "chat:*": { history: {}, presence: true }, "doc:*": { state: "last" } },
      anonymous: { "chat:*": everything, "doc:*": everything },
      apiKeys: [API_KEY],
      compression: true,
      trustedProxies: ["127.0.0.1"],
      staticDir: `${root}/docs/images`,
      settings: { acceptsPerSecond: 1_000_000, maxBadMessages: 1_000 },
    };
    this.#gateway = createGateway(options);
  }

  /** Opens one; `isReal`: over TCP on a free port of this machine. */
  static async open(isReal: boolean, root: string): Promise<Door> {
    const door = new Door(isReal, root);
    if (isReal) door.#port = (await door.#gateway.listen(0)).port;
    else {
      door.#server = createServer({ maxHeaderSize: 32_768 }, (_request, response) => {
        response.writeHead(404).end();
      });
      door.#gateway.attach(door.#server, { http: true });
      await door.#gateway.started();
    }
    return door;
  }

  /** Sends bytes, ends, and waits for the end; everything that was answered. */
  async send(first: Buffer, then?: Buffer): Promise<Buffer> {
    const socket = this.#dial();
    const chunks: Buffer[] = [];
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", () => {});
    const closed = once(socket, "close");
    socket.write(first);
    if (then !== undefined) {
      await Promise.race([once(socket, "data"), closed]);
      // Cut where it likes: what was sent at once need not arrive so.
      const cut = then.length >> 1;
      socket.write(then.subarray(0, cut));
      socket.write(then.subarray(cut));
    }
    for (let i = 0; i < TURNS; i++) await turn();
    if (this.#isReal && chunks.length === 0 && !socket.destroyed) {
      await Promise.race([once(socket, "data"), closed, once(AbortSignal.timeout(20), "abort")]);
    }
    socket.end();
    await closed;
    return Buffer.concat(chunks);
  }

  /** Throws where the log tells of a mistake of ours. */
  check(): void {
    const [fault] = this.#faults.splice(0);
    must(fault === undefined, `the log tells of a mistake: ${fault}`);
  }

  /** Throws where a connection is left, and ends the gateway. */
  async close(): Promise<void> {
    for (let i = 0; i < 1_000 && this.#gateway.connectionCount > 0; i++) await turn();
    const left = this.#gateway.connectionCount;
    await this.#gateway.close({ drainMs: 0 });
    must(left === 0, `${left} connections are left of sockets that ended`);
    this.check();
  }

  #dial(): Duplex {
    if (this.#isReal) return connect({ port: this.#port, host: "127.0.0.1", noDelay: true });
    const [client, server] = PipeEnd.pair();
    this.#server?.emit("connection", server);
    return client;
  }

  #logger(): Logger {
    const error = (event: string, fields: LogFields = {}): void => {
      this.#faults.push(`${event} ${JSON.stringify(fields)}`);
    };
    return { debug() {}, info() {}, warn() {}, error };
  }
}
