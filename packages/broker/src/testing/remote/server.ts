import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { EngineBroker } from "../../memory/broker.js";
import type { EngineLink } from "../../memory/link.js";
import type { MemoryBrokerOptions } from "../../memory/options.js";
import { RemoteSession } from "./session.js";

/** Former incarnations that can be inherited from. */
const maxRemembered = 1_024;
/** Looks for missed leases in one lease. */
const checksPerLease = 4;

/** A memory engine that gateways of other processes on this machine share. */
export interface RemoteBrokerServer {
  readonly port: number;
  /** Sockets of gateways that are open. */
  readonly connectionCount: number;
  /** Ends every gateway's connection and refuses new ones. */
  pause(): void;
  resume(): void;
  /** Ends everything. */
  close(): Promise<void>;
}

class EngineServer implements RemoteBrokerServer {
  readonly broker: EngineBroker;
  readonly #server: Server;
  readonly #sessions = new Set<RemoteSession>();
  readonly #incarnations = new Map<number, EngineLink>();
  readonly #leaseCheck: NodeJS.Timeout;
  #nextIncarnation = 1;
  #paused = false;
  #checkedMs = performance.now();

  constructor(options: MemoryBrokerOptions) {
    this.broker = new EngineBroker(options);
    this.#server = createServer((socket) => this.#accept(socket));
    const everyMs = this.broker.capabilities.presenceLeaseMs / checksPerLease;
    this.#leaseCheck = setInterval(() => this.#checkLeases(everyMs), everyMs);
    this.#leaseCheck.unref();
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get connectionCount(): number {
    return this.#sessions.size;
  }

  async listen(port: number): Promise<void> {
    this.#server.listen(port, "127.0.0.1");
    await once(this.#server, "listening");
  }

  pause(): void {
    this.#paused = true;
    for (const session of [...this.#sessions]) session.cut();
  }

  resume(): void {
    this.#paused = false;
  }

  async close(): Promise<void> {
    clearInterval(this.#leaseCheck);
    this.pause();
    const closed = once(this.#server, "close");
    this.#server.close();
    await closed;
    this.broker.close();
  }

  former(incarnation: number | undefined): EngineLink | undefined {
    return incarnation === undefined ? undefined : this.#incarnations.get(incarnation);
  }

  remember(link: EngineLink): number {
    const incarnation = this.#nextIncarnation;
    this.#nextIncarnation += 1;
    this.#incarnations.set(incarnation, link);
    if (this.#incarnations.size > maxRemembered) {
      for (const oldest of this.#incarnations.keys()) {
        this.#incarnations.delete(oldest);
        break;
      }
    }
    return incarnation;
  }

  ended(session: RemoteSession): void {
    this.#sessions.delete(session);
  }

  #accept(socket: Socket): void {
    if (this.#paused) socket.destroy();
    else this.#sessions.add(new RemoteSession(socket, this));
  }

  #checkLeases(everyMs: number): void {
    const nowMs = performance.now();
    // A process that was held up itself has not read what the gateways said meanwhile.
    const wasHeldUp = nowMs - this.#checkedMs > 2 * everyMs;
    this.#checkedMs = nowMs;
    if (wasHeldUp) return;
    const { presenceLeaseMs } = this.broker.capabilities;
    for (const session of [...this.#sessions]) {
      if (session.isSilentFor(presenceLeaseMs)) session.expire();
    }
  }
}

/** Serves a memory engine on a port of this machine; 0 picks a free one. */
export async function serveRemoteBroker(
  options: MemoryBrokerOptions & { readonly port?: number },
): Promise<RemoteBrokerServer> {
  const { port = 0, ...engine } = options;
  const server = new EngineServer(engine);
  await server.listen(port);
  return server;
}
