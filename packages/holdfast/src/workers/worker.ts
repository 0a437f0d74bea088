import cluster from "node:cluster";
import { createServer, type Server } from "node:http";
import type { Gateway, Listening } from "@holdfast/gateway";
import type { Options } from "../config/server-options.js";
import { WorkerPortError } from "../serve/explain.js";
import type { ListeningMessage, StopMessage, WorkerRole } from "./role.js";

/** Where each worker answers alone: this machine only. */
const ownHost = "127.0.0.1";

/** The server that is this worker's alone, while there is one. */
let own: Server | undefined;

/**
 * Listens as one of several workers. Rejects with the system's error, as `listen` does, or with a
 * WorkerPortError.
 */
export async function listenAsWorker(
  gateway: Pick<Gateway, "listen" | "attach">,
  role: WorkerRole,
  { port, host, workerPort }: Pick<Options, "port" | "host" | "workerPort">,
): Promise<void> {
  const listening = await gateway.listen(role.port ?? port, host, { reusePort: role.reusePort });
  own = workerPort === 0 ? undefined : await listenAlone(gateway, workerPort + role.number - 1);
  tell(listening);
}

/** A second server that no other worker shares. */
async function listenAlone(gateway: Pick<Gateway, "attach">, port: number): Promise<Server> {
  const server = createServer((_request, response) => {
    response.writeHead(404).end();
  });
  gateway.attach(server, { http: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => reject(new WorkerPortError(port, { cause })));
    server.listen({ port, host: ownHost, exclusive: true }, resolve);
  });
  return server;
}

function tell({ url, webSocketUrl, port }: Listening): void {
  const message: ListeningMessage = { listening: { url, webSocketUrl, port } };
  process.send?.(message);
}

/** Settles when the supervisor asks for the end. */
export function askedToStop(): Promise<void> {
  return new Promise((resolve) => {
    process.on("message", (message: Partial<StopMessage>) => {
      if (message.stop === true) resolve();
    });
  });
}

/** Lets go what would keep the process alive: the own server, and the channel to the supervisor. */
export function leave(): void {
  own?.close();
  own?.closeAllConnections();
  cluster.worker?.disconnect();
}
