import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server } from "node:net";

/** A TCP relay that cuts each connection after so many bytes of the server's answer to the `armed` part. */
export class CuttingProxy {
  readonly #server: Server;
  readonly #target: number;
  /** Bytes relayed to the client since each connection's handshake ended, by connection in order. */
  readonly relayed: number[] = [];
  readonly #plan: number[] = [];

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((client) => {
      const index = this.relayed.length;
      this.relayed.push(0);
      const limit = this.#plan.shift() ?? Number.POSITIVE_INFINITY;
      const server = connect(this.#target, "127.0.0.1");
      const end = (): void => {
        client.destroy();
        server.destroy();
      };
      for (const side of [client, server]) {
        side.setNoDelay();
        side.on("error", end);
        side.on("close", end);
      }
      client.on("data", (chunk) => server.write(chunk));
      let head = Buffer.alloc(0);
      let upgraded = false;
      server.on("data", (chunk) => {
        let data = chunk;
        if (!upgraded) {
          head = Buffer.concat([head, chunk]);
          const headerEnd = head.indexOf("\r\n\r\n");
          if (headerEnd === -1) return;
          upgraded = true;
          client.write(head.subarray(0, headerEnd + 4));
          data = head.subarray(headerEnd + 4);
        }
        const room = limit - this.relayed[index]!;
        const passed = data.subarray(0, Math.min(room, data.byteLength));
        this.relayed[index]! += passed.byteLength;
        if (passed.byteLength > 0) client.write(passed);
        if (data.byteLength >= room) {
          client.end();
          server.destroy();
        }
      });
    });
  }

  /** Starts relaying to a port of this machine. */
  static async start(target: number): Promise<CuttingProxy> {
    const proxy = new CuttingProxy(target);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** The next connections are cut after so many bytes each. */
  cutNext(...bytes: number[]): void {
    this.#plan.push(...bytes);
  }

  close(): void {
    this.#server.close();
  }
}
