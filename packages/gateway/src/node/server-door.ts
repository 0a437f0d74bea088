import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock, Logger } from "@holdfast/core";
import { ConnectionGate, defaultGateLimits, type GateLimits } from "./connection-gate.js";
import { type HttpApi, pathOf } from "./http-api.js";
import { refuse } from "./negotiation.js";
import { answerRefusal } from "./refusal.js";
import { readCredentials, type TlsOptions } from "./tls/credentials.js";
import { ReloadingCredentials } from "./tls/reloading.js";
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

/** RFC 6797: a year. Without subdomains, which are not ours to speak for. */
const STRICT_TRANSPORT = "max-age=31536000";

/** Connections the kernel keeps until they are accepted, as far as it permits (`net.core.somaxconn`). */
const BACKLOG = 4_096;

/** How `attach` shares a server. */
export interface AttachOptions {
  /**
   * true: also answer the gateway's own HTTP routes (`/api/publish`, `/health/…`, `/metrics`,
   * `/client.js`) before the listeners the server has now. Default false.
   */
  readonly http?: boolean;
}

/** How `listen` takes its port. */
export interface ListenOptions {
  /**
   * true: other processes may listen on the same port, and the kernel deals new connections out
   * (SO_REUSEPORT). Node 22.12 and later; rejects with `ENOTSUP` where the system has no such thing.
   */
  readonly reusePort?: boolean;
}

/** Where a gateway listens. */
export interface Listening {
  /** `http://host:port`, or `https:` with TLS. */
  readonly url: string;
  /** `ws://host:port/path`, or `wss:` with TLS. */
  readonly webSocketUrl: string;
  readonly port: number;
}

/** What the servers' side is made of. */
export interface ServerDoorOptions {
  readonly path: string;
  readonly upgrade: Pick<UpgradeDoor, "handle">;
  readonly http: Pick<HttpApi, "handle" | "handleAll">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Absent: the own server speaks plain HTTP. */
  readonly tls?: TlsOptions;
  /** Time between two looks at the files of `tls`, in milliseconds. */
  readonly tlsCheckIntervalMs: number;
  /** Bounds that differ from the defaults. */
  readonly limits?: Partial<HttpLimits>;
  /** Bounds of letting new connections in that differ from the defaults. */
  readonly gate?: Partial<GateLimits> | undefined;
}

/** Connects the gateway to HTTP servers: the application's, or one of its own. */
export class ServerDoor {
  readonly #options: ServerDoorOptions;
  readonly #detach: (() => void)[] = [];
  readonly #attached = new WeakSet<Server>();
  #own: Server | undefined;
  #starting = false;
  #gate: ConnectionGate<Socket> | undefined;
  #reloading: ReloadingCredentials | undefined;

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

  /**
   * Starts a server of its own. Rejects with the system's error, such as `EADDRINUSE`, and with the
   * reason when certificate and key cannot be used.
   */
  async listen(port: number, host: string, options: ListenOptions = {}): Promise<Listening> {
    if (this.#own !== undefined || this.#starting) throw new Error("listen() was called before.");
    this.#starting = true;
    try {
      const server = await this.#makeServer();
      this.attach(server, {});
      this.#gateConnections(server);
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        // Known to Node 22.12, not yet to the declarations of Node 20.
        const wanted: ListenOptions & { port: number; host: string; backlog: number } = {
          port,
          host,
          backlog: BACKLOG,
          ...options,
        };
        server.listen(wanted, () => {
          server.off("error", reject);
          resolve();
        });
      });
      this.#own = server;
      return this.#listening(server, port, host);
    } catch (error) {
      this.#reloading?.stop();
      throw error;
    } finally {
      this.#starting = false;
    }
  }

  async #makeServer(): Promise<Server> {
    const { clock, http, limits: given, logger, tls } = this.#options;
    const limits = { ...defaultLimits, ...given };
    const options = {
      maxHeaderSize: limits.maxHeaderBytes,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: limits.checkIntervalMs,
    };
    const answer = (request: IncomingMessage, response: ServerResponse): void =>
      http.handleAll(request, response);
    if (tls === undefined) return createServer(options, answer);
    const credentials = await readCredentials(tls);
    const secure: TlsServer = createTlsServer(
      {
        ...options,
        ...credentials,
        minVersion: "TLSv1.2",
        handshakeTimeout: limits.headersTimeoutMs,
        ALPNProtocols: ["http/1.1"],
      },
      (request, response) => {
        response.setHeader("strict-transport-security", STRICT_TRANSPORT);
        answer(request, response);
      },
    );
    this.#reloading = new ReloadingCredentials(tls, credentials, {
      clock,
      logger,
      checkIntervalMs: this.#options.tlsCheckIntervalMs,
      use: (pair) => secure.setSecureContext({ ...pair, minVersion: "TLSv1.2" }),
    });
    return secure;
  }

  #listening(server: Server, port: number, host: string): Listening {
    const address = server.address();
    const bound = typeof address === "object" && address !== null ? address.port : port;
    const authority = `${host.includes(":") ? `[${host}]` : host}:${bound}`;
    const s = this.#options.tls === undefined ? "" : "s";
    return {
      url: `http${s}://${authority}`,
      webSocketUrl: `ws${s}://${authority}${this.#options.path}`,
      port: bound,
    };
  }

  /** Leaves the application's servers as they were and ends the own one. */
  async close(): Promise<void> {
    for (const detach of this.#detach.splice(0)) detach();
    this.#reloading?.stop();
    const server = this.#own;
    if (server === undefined) return;
    this.#gate?.close();
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  /** Stands before the present listeners, which see a socket when it is let in and read nothing before. */
  #gateConnections(server: Server): void {
    const { clock, gate: given, tls } = this.#options;
    const isSecure = tls !== undefined;
    const before = server.listeners("connection");
    const limits = { ...defaultGateLimits, ...given };
    const gate = new ConnectionGate<Socket>(clock, limits, (socket) => {
      for (const listener of before) Reflect.apply(listener, server, [socket]);
      // With TLS the socket around it reads.
      if (!isSecure) socket.resume();
    });
    // An option of `net.Server` that `http` does not hand on; a TLS socket takes it over.
    Object.assign(server, { pauseOnConnect: true });
    if (isSecure) server.on("secureConnection", (socket: Socket) => socket.resume());
    server.removeAllListeners("connection");
    server.on("connection", (socket) => gate.arrive(socket));
    this.#gate = gate;
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
