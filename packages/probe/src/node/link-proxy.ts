import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** What a proxy is made of. */
export interface LinkProxyOptions {
  /** Port of this machine that the next connection goes to; `undefined`: it is refused. */
  readonly pick: () => number | undefined;
}

/** Connections at once; more are refused. */
const maxLinks = 10_000;
/** Pieces a second that a slow link lets through. */
const slowStepsPerSecond = 20;

/** A TCP relay to gateways of this machine whose links can be made to fail. */
export class LinkProxy {
  readonly links = new Set<ProxyLink>();
  readonly #server: Server;

  private constructor({ pick }: LinkProxyOptions) {
    this.#server = createServer((client) => {
      const port = this.links.size < maxLinks ? pick() : undefined;
      if (port === undefined) {
        client.on("error", () => {});
        client.destroy();
        return;
      }
      const link = new ProxyLink(client, connect(port, "127.0.0.1"), () => this.links.delete(link));
      this.links.add(link);
    });
  }

  /** Starts on a free port of this machine. */
  static async start(options: LinkProxyOptions): Promise<LinkProxy> {
    const proxy = new LinkProxy(options);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Ends every link and refuses new ones. */
  async close(): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const link of [...this.links]) link.destroy();
    await closed;
  }
}

/** One connection through the proxy. A fault of it lasts until it is over or the link ends. */
export class ProxyLink {
  readonly #client: Socket;
  readonly #gateway: Socket;
  readonly #up: Direction;
  readonly #down: Direction;
  readonly #ended: () => void;
  readonly #timers = new Set<NodeJS.Timeout>();
  #isHalfOpen = false;
  #faulty = false;
  #open = true;

  constructor(client: Socket, gateway: Socket, ended: () => void) {
    this.#client = client;
    this.#gateway = gateway;
    this.#ended = ended;
    this.#up = new Direction(client, gateway, () => this.destroy());
    this.#down = new Direction(gateway, client, () => this.destroy());
    for (const socket of [client, gateway]) {
      socket.setNoDelay();
      socket.on("error", () => socket.destroy());
      // Half-open: the other side learns nothing.
      socket.on("close", () => {
        if (!this.#isHalfOpen) this.destroy();
      });
    }
  }

  /** A fault is at work. */
  get faulty(): boolean {
    return this.#faulty;
  }

  /** Ends both sides after `bytes` more in one direction, in the middle of whatever it is. */
  cutAfter(bytes: number, direction: "up" | "down"): void {
    this.#faulty = true;
    (direction === "up" ? this.#up : this.#down).cutAfter(bytes);
  }

  /** Nothing passes for so long; then everything does. */
  stall(ms: number): void {
    this.#faulty = true;
    this.#up.hold();
    this.#down.hold();
    this.#later(ms, () => {
      this.#faulty = false;
      this.#up.release();
      this.#down.release();
    });
  }

  /** Everything vanishes, also the news that a side is gone; after so long both sides are ended. */
  halfOpen(ms: number): void {
    this.#faulty = true;
    this.#isHalfOpen = true;
    this.#up.lose();
    this.#down.lose();
    this.#later(ms, () => this.destroy());
  }

  /** Only so many bytes a second pass in each direction, for so long. */
  slow(bytesPerSecond: number, ms: number): void {
    this.#faulty = true;
    this.#up.hold();
    this.#down.hold();
    const share = Math.max(1, Math.ceil(bytesPerSecond / slowStepsPerSecond));
    const step = setInterval(() => {
      this.#up.let(share);
      this.#down.let(share);
    }, 1_000 / slowStepsPerSecond);
    this.#timers.add(step);
    this.#later(ms, () => {
      clearInterval(step);
      this.#faulty = false;
      this.#up.release();
      this.#down.release();
    });
  }

  /** Ends both sides at once. */
  destroy(): void {
    if (!this.#open) return;
    this.#open = false;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#client.destroy();
    this.#gateway.destroy();
    this.#ended();
  }

  #later(ms: number, action: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      action();
    }, ms);
    this.#timers.add(timer);
  }
}

/** One direction of a link, with the back pressure of its reader. */
class Direction {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #cut: () => void;
  /** Read and not passed on; bounded, because a held source is not read further. */
  #held: Buffer[] = [];
  #mode: "flow" | "hold" | "lose" = "flow";
  #left = Number.POSITIVE_INFINITY;

  constructor(from: Socket, to: Socket, cut: () => void) {
    this.#from = from;
    this.#to = to;
    this.#cut = cut;
    from.on("data", (chunk: Buffer) => this.#take(chunk));
    to.on("drain", () => {
      if (this.#mode === "flow") from.resume();
    });
  }

  cutAfter(bytes: number): void {
    this.#left = bytes;
  }

  hold(): void {
    this.#mode = "hold";
    this.#from.pause();
  }

  /** Passes on at most so much of what is held. */
  let(bytes: number): void {
    let room = bytes;
    while (room > 0) {
      const chunk = this.#held.shift();
      if (chunk === undefined) {
        this.#from.resume();
        return;
      }
      this.#pass(chunk.subarray(0, room));
      if (chunk.byteLength > room) this.#held.unshift(chunk.subarray(room));
      room -= chunk.byteLength;
    }
  }

  release(): void {
    this.#mode = "flow";
    for (const chunk of this.#held.splice(0)) this.#pass(chunk);
    this.#from.resume();
  }

  lose(): void {
    this.#mode = "lose";
    this.#held = [];
    this.#from.resume();
  }

  #take(chunk: Buffer): void {
    if (this.#mode === "lose") return;
    if (this.#mode === "flow") this.#pass(chunk);
    else {
      this.#held.push(chunk);
      this.#from.pause();
    }
  }

  #pass(chunk: Buffer): void {
    const passed = chunk.byteLength < this.#left ? chunk : chunk.subarray(0, this.#left);
    this.#left -= passed.byteLength;
    const roomy = passed.byteLength === 0 || !this.#to.writable || this.#to.write(passed);
    if (this.#left <= 0) this.#cutSoon();
    else if (!roomy && this.#mode === "flow") this.#from.pause();
  }

  /** What was written goes out before the end. */
  #cutSoon(): void {
    this.#mode = "lose";
    if (this.#to.writable) this.#to.end(() => this.#cut());
    else this.#cut();
  }
}
