import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** Where a server is: a port of the loopback interface, or a socket of the file system. */
type Target = number | string;

/** A port of the loopback interface in front of a server, which can break. */
export class BreakableProxy {
  readonly #target: () => Target;
  readonly #pairs: { readonly near: Socket; readonly far: Socket }[] = [];
  readonly #server = createServer((near) => this.#accept(near));
  readonly #heldUp = new Set<Socket>();
  #refusing = false;

  private constructor(target: () => Target) {
    this.#target = target;
  }

  static to(target: Target): Promise<BreakableProxy> {
    return BreakableProxy.through(() => target);
  }

  /** To whichever server is named when a connection comes. */
  static async through(target: () => Target): Promise<BreakableProxy> {
    const proxy = new BreakableProxy(target);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Breaks the connections numbered `from` and later in order of opening, and lets no new ones in. */
  cut(from = 0): void {
    this.#refusing = true;
    for (const { near, far } of this.#pairs.slice(from)) {
      near.destroy();
      far.destroy();
    }
  }

  /** What comes from the server no longer arrives by those connections; nobody is told. */
  deafen(from = 0): void {
    for (const { near, far } of this.#pairs.slice(from)) {
      far.unpipe(near);
      far.resume();
    }
  }

  /**
   * What goes to the server is held up on those connections; returned is what lets it through, also when
   * the connection has been given up meanwhile, and settles when the server has taken it.
   */
  holdUp(from = 0): () => Promise<void> {
    const held = this.#pairs.slice(from).map(({ near, far }) => {
      const chunks: Buffer[] = [];
      near.unpipe(far);
      near.on("data", (chunk: Buffer) => chunks.push(chunk));
      near.resume();
      this.#heldUp.add(far);
      return { far, chunks };
    });
    return async () => {
      for (const { far, chunks } of held) {
        this.#heldUp.delete(far);
        if (far.closed) continue;
        far.resume();
        const ended = once(far, "close");
        far.end(Buffer.concat(chunks));
        await ended;
      }
    };
  }

  mend(): void {
    this.#refusing = false;
  }

  close(): void {
    this.cut();
    for (const far of this.#heldUp) far.destroy();
    this.#server.close();
  }

  #accept(near: Socket): void {
    near.on("error", () => {});
    if (this.#refusing) {
      near.destroy();
      return;
    }
    const target = this.#target();
    const far = typeof target === "number" ? connect(target, "127.0.0.1") : connect(target);
    far.on("error", () => {});
    const pair = { near, far };
    this.#pairs.push(pair);
    near.pipe(far);
    far.pipe(near);
    const gone = (): void => {
      near.destroy();
      if (!this.#heldUp.has(far)) far.destroy();
      const index = this.#pairs.indexOf(pair);
      if (index >= 0) this.#pairs.splice(index, 1);
    };
    near.on("close", gone);
    far.on("close", gone);
  }
}
