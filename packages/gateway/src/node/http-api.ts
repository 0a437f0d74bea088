import type { IncomingMessage, ServerResponse } from "node:http";
import { basename, dirname } from "node:path";
import type { Logger, Meter } from "@holdfast/core";
import { failure } from "@holdfast/protocol";
import { metrics } from "../metrics.js";
import { presentedKey } from "./api-keys.js";
import { handleNodes } from "./http-nodes.js";
import { handleOrder, orderRoutes } from "./http-orders.js";
import { handlePublish } from "./http-publish.js";
import { sendProblem, sendText } from "./http-response.js";
import { channelOfStatePath, handleState, type StateRouteOptions } from "./http-state.js";
import { handleTicket } from "./http-tickets.js";
import type { KeyedRouteOptions } from "./keyed-request.js";
import { isForLocalHost } from "./local-host.js";
import type { PrometheusMeter } from "./meter.js";
import { problemOf } from "./problem.js";
import { findFile, sendFile } from "./static-files.js";

/** What the HTTP side is made of. */
export interface HttpApiOptions extends KeyedRouteOptions, StateRouteOptions {
  /** true: on a loopback address only requests for this machine are answered. */
  readonly checkHost: boolean;
  readonly logger: Logger;
  readonly meter: Meter;
  readonly ready: () => boolean;
  /** Path of the WebSocket: a plain request there is told so. */
  readonly webSocketPath: string;
  /** What `/metrics` shows; absent: there is no such route. */
  readonly exposition?: PrometheusMeter;
  /** true: `/metrics` answers everybody; otherwise this machine, and who has an API key. */
  readonly metricsPublic: boolean;
  /** File served at `/client.js`. */
  readonly clientFile?: string;
  /** Directory served at `/`. */
  readonly staticDir?: string;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

interface Route {
  readonly methods: readonly string[];
  readonly handle: Handler;
}

const READ = ["GET", "HEAD"];

/** The gateway's HTTP routes. */
export class HttpApi {
  readonly #options: HttpApiOptions;
  readonly #routes = new Map<string, Route>();

  constructor(options: HttpApiOptions) {
    this.#options = options;
    this.#add("/api/publish", ["POST"], (request, response) =>
      handlePublish(request, response, options),
    );
    this.#add("/api/tickets", ["POST"], (request, response) =>
      handleTicket(request, response, options),
    );
    this.#add("/api/nodes", ["GET"], (request, response) =>
      handleNodes(request, response, options),
    );
    for (const [path, read] of Object.entries(orderRoutes)) {
      this.#add(path, ["POST"], (request, response) =>
        handleOrder(read, request, response, options),
      );
    }
    this.#add("/health/live", READ, (_request, response) => {
      sendText(response, 200, "text/plain; charset=utf-8", "live\n");
    });
    this.#add("/health/ready", READ, (_request, response) => {
      const ready = options.ready();
      const text = ready ? "ready\n" : "not ready\n";
      sendText(response, ready ? 200 : 503, "text/plain; charset=utf-8", text);
    });
    this.#add(options.webSocketPath, READ, (_request, response) => {
      const detail = "This path speaks WebSocket only.";
      sendProblem(response, 426, { detail }, { upgrade: "websocket", connection: "upgrade" });
    });
    const { exposition, clientFile } = options;
    if (exposition !== undefined) {
      this.#add("/metrics", READ, (request, response) =>
        this.#showMetrics(exposition, request, response),
      );
    }
    if (clientFile !== undefined) {
      this.#add("/client.js", READ, (request, response) =>
        sendClient(clientFile, request, response),
      );
    }
  }

  /**
   * Answers a request for one of the gateway's own routes and returns true; otherwise returns
   * false and has not touched it. Files of `staticDir` are not routes.
   */
  handle(request: IncomingMessage, response: ServerResponse): boolean {
    const path = pathOf(request);
    const channel = channelOfStatePath(path);
    const name = channel === undefined ? path : "/api/channels/{channel}/state";
    const route = channel === undefined ? this.#routes.get(path) : this.#stateRoute(channel);
    if (route === undefined) return false;
    this.#run(name, request, response, () => {
      if (route.methods.includes(request.method ?? "")) return route.handle(request, response);
      const detail = `Permitted: ${route.methods.join(", ")}.`;
      sendProblem(response, 405, { detail }, { allow: route.methods.join(", ") });
    });
    return true;
  }

  /** Answers any request: routes, then files of `staticDir`, then 404. For a server of the gateway's own. */
  handleAll(request: IncomingMessage, response: ServerResponse): void {
    if (this.handle(request, response)) return;
    this.#run("other", request, response, async () => {
      const { staticDir } = this.#options;
      if (staticDir !== undefined && READ.includes(request.method ?? "")) {
        const file = await findFile(staticDir, pathOf(request));
        if (file !== undefined) {
          sendFile(request, response, file);
          return;
        }
      }
      sendProblem(response, 404, { detail: "There is nothing at this path." });
    });
  }

  #stateRoute(channel: string): Route {
    const handle: Handler = (request, response) =>
      handleState(channel, request, response, this.#options);
    return { methods: READ, handle };
  }

  #add(path: string, methods: readonly string[], handle: Handler): void {
    this.#routes.set(path, { methods, handle });
  }

  /** Runs a handler; its failure becomes a 500 and a line in the log, never an unhandled rejection. */
  #run(
    route: string,
    request: IncomingMessage,
    response: ServerResponse,
    step: () => Promise<void> | void,
  ): void {
    response.once("finish", () => {
      const labels = { route, status: String(response.statusCode) };
      this.#options.meter.counter(metrics.httpRequests, labels).add();
    });
    request.on("error", () => response.destroy());
    if (this.#options.checkHost && !isForLocalHost(request)) {
      sendProblem(response, 421, { detail: "This gateway answers for this machine alone." });
      return;
    }
    const run = async (): Promise<void> => step();
    run().catch((error: unknown) => {
      this.#options.logger.error("http request failed", {
        route,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
      if (response.headersSent) response.destroy();
      else sendProblem(response, 500, problemOf(failure("internal")), { connection: "close" });
    });
  }

  async #showMetrics(
    exposition: PrometheusMeter,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    if (!this.#mayWatch(request)) {
      const message =
        "Metrics are shown to this machine, and to others with an API key (or option `metrics.public`).";
      sendProblem(response, 403, problemOf(failure("forbidden", message)));
      return;
    }
    sendText(response, 200, exposition.contentType, await exposition.expose());
  }

  #mayWatch(request: IncomingMessage): boolean {
    const { keyCheck, metricsPublic } = this.#options;
    return metricsPublic || isLocal(request) || keyCheck(presentedKey(request.headers));
  }
}

/** The path of a request without its query. */
export function pathOf(request: IncomingMessage): string {
  return (request.url ?? "/").split("?", 1)[0] ?? "/";
}

/** true when the request came from this machine and was not passed on by a proxy on it. */
function isLocal(request: IncomingMessage): boolean {
  const { headers, socket } = request;
  if (headers["x-forwarded-for"] !== undefined || headers.forwarded !== undefined) return false;
  const address = socket.remoteAddress ?? "";
  return address === "::1" || /^(::ffff:)?127\./.test(address);
}

async function sendClient(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const file = await findFile(dirname(path), basename(path));
  if (file !== undefined) sendFile(request, response, file);
  else sendProblem(response, 404, { detail: "The client file has not been built." });
}
