import { createServer, type IncomingMessage, type Server } from "node:http";
import type { Duplex } from "node:stream";
import { type HttpApi, pathOf } from "./http-api.js";
import { refuse } from "./negotiation.js";
import { answerRefusal } from "./refusal.js";
import type { UpgradeDoor } from "./upgrade.js";

/** Bounds of the gateway's own HTTP server. */
export interface HttpLimits {
  /** Header bytes of a request: room for the largest token a client may offer as a subprotocol. */
  readonly maxHeaderBytes: number;
  /** Time a client has to send a request's headers. */
  readonly headersTimeoutMs: number;
  /** Time a client has to send a whole request. */
  readonly requestTimeoutMs: number;
  /** Time an idle connection is kept for a next request. */
  readonly keepAliveTimeoutMs: number;
  /** How often Node looks for requests past those times. */
  readonly checkIntervalMs: number;
}

const defaultLimits: HttpLimits = {
  maxHeaderBytes: 32_768,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 5_000,
  checkIntervalMs: 1_000,
};

/** How `attach` shares a server. */
export interface AttachOptions {
  /**
   * true: also answer the gateway's own HTTP routes (`/api/publish`, `/health/…`, `/metrics`,
   * `/client.js`) before the listeners the server has now. Default false.
   */
  readonly http?: boolean;
}

/** Where a gateway listens. */
export interface Listening {
  /** `http://host:port` */
  readonly url: string;
  /** `ws://host:port/path` */
  readonly webSocketUrl: string;
  readonly port: number;
}

/** What the servers' side is made of. */
export interface ServerDoorOptions {
  readonly path: string;
  readonly upgrade: Pick<UpgradeDoor, "handle">;
  readonly http: Pick<HttpApi, "handle" | "handleAll">;
  /** Bounds that differ from the defaults. */
  readonly limits?: Partial<HttpLimits>;
}

/** Connects the gateway to HTTP servers: the application's, or one of its own. */
export class ServerDoor {
  readonly #options: ServerDoorOptions;
  readonly #detach: (() => void)[] = [];
  readonly #attached = new WeakSet<Server>();
  #own: Server | undefined;

  constructor(options: ServerDoorOptions) {
    this.#options = options;
  }

  /** Takes upgrades of the path, and where asked for the HTTP routes. Attaching twice does nothing. */
  attach(server: Server, { http = false }: AttachOptions): void {
    if (this.#attached.has(server)) return;
    this.#attached.add(server);
    const { path, upgrade } = this.#options;
    const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
      if (pathOf(request) === path) {
        upgrade.handle(request, socket, head);
      } else if (server.listenerCount("upgrade") === 1) {
        // Nobody else would ever answer, and the socket would stay open for ever.
        socket.on("error", () => socket.destroy());
        answerRefusal(socket, refuse(404, "There is no WebSocket at this path."));
      }
    };
    server.on("upgrade", onUpgrade);
    this.#detach.push(() => server.off("upgrade", onUpgrade));
    if (http) this.#attachHttp(server);
  }

  /** Starts a server of its own. Rejects with the system's error, such as `EADDRINUSE`. */
  async listen(port: number, host: string): Promise<Listening> {
    if (this.#own !== undefined) throw new Error("listen() was called before.");
    const limits = { ...defaultLimits, ...this.#options.limits };
    const server = createServer(
      {
        maxHeaderSize: limits.maxHeaderBytes,
        headersTimeout: limits.headersTimeoutMs,
        requestTimeout: limits.requestTimeoutMs,
        keepAliveTimeout: limits.keepAliveTimeoutMs,
        connectionsCheckingInterval: limits.checkIntervalMs,
      },
      (request, response) => this.#options.http.handleAll(request, response),
    );
    this.#own = server;
    this.attach(server, {});
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(port, host, () => {
          server.off("error", reject);
          resolve();
        });
      });
    } catch (error) {
      this.#own = undefined;
      throw error;
    }
    const address = server.address();
    const bound = typeof address === "object" && address !== null ? address.port : port;
    const authority = `${host.includes(":") ? `[${host}]` : host}:${bound}`;
    return {
      url: `http://${authority}`,
      webSocketUrl: `ws://${authority}${this.#options.path}`,
      port: bound,
    };
  }

  /** Leaves the application's servers as they were and ends the own one. */
  async close(): Promise<void> {
    for (const detach of this.#detach.splice(0)) detach();
    const server = this.#own;
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  /** Stands before the present listeners, which see every request that is not the gateway's. */
  #attachHttp(server: Server): void {
    const { http } = this.#options;
    const before = server.listeners("request") as Parameters<typeof createServer>[0][];
    const onRequest = (...pair: Parameters<HttpApi["handleAll"]>): void => {
      if (http.handle(...pair)) return;
      for (const listener of before) Reflect.apply(listener as never, server, pair);
    };
    server.removeAllListeners("request");
    server.on("request", onRequest);
    this.#detach.push(() => {
      server.off("request", onRequest);
      for (const listener of before) server.on("request", listener as never);
    });
  }
}
