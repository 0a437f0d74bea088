import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A port of the loopback interface in front of a server's, which can break. */
export class BreakableProxy {
  readonly #target: () => number;
  readonly #pairs: { readonly near: Socket; readonly far: Socket }[] = [];
  readonly #server = createServer((near) => this.#accept(near));
  #refusing = false;

  private constructor(target: () => number) {
    this.#target = target;
  }

  /** To whichever port is named when a connection comes. */
  static async through(target: () => number): Promise<BreakableProxy> {
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

  mend(): void {
    this.#refusing = false;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #accept(near: Socket): void {
    near.on("error", () => {});
    if (this.#refusing) {
      near.destroy();
      return;
    }
    const far = connect(this.#target(), "127.0.0.1");
    far.on("error", () => {});
    const pair = { near, far };
    this.#pairs.push(pair);
    near.pipe(far);
    far.pipe(near);
    const gone = (): void => {
      near.destroy();
      far.destroy();
      const index = this.#pairs.indexOf(pair);
      if (index >= 0) this.#pairs.splice(index, 1);
    };
    near.on("close", gone);
    far.on("close", gone);
  }
}
