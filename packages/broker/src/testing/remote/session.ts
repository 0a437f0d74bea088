import type { Socket } from "node:net";
import type { ServeOptions, Serving } from "../../contract/calls.js";
import type { BrokerListener, Done } from "../../contract.js";
import type { EngineBroker } from "../../memory/broker.js";
import type { EngineLink } from "../../memory/link.js";
import { OutgoingCalls, PendingCalls } from "./services.js";
import {
  type Down,
  type Operation,
  type PlainOperation,
  receiveFrames,
  sendFrame,
  type Telling,
  type Up,
} from "./wire.js";

/** Bytes that may wait for a gateway that does not read, before it is taken for dead. */
const maxWaitingBytes = 32 * 1024 * 1024;

/** What a session needs of its server. */
export interface SessionHost {
  readonly broker: EngineBroker;
  /** The link of an earlier incarnation, as long as it is remembered. */
  former(incarnation: number | undefined): EngineLink | undefined;
  /** Remembers a link under a number of its own. */
  remember(link: EngineLink): number;
  ended(session: RemoteSession): void;
}

/** One gateway incarnation at the engine's process: its socket and its link to the engine. */
export class RemoteSession {
  readonly #socket: Socket;
  readonly #host: SessionHost;
  #link: EngineLink | undefined;
  #former: EngineLink | undefined;
  readonly #services = new Map<number, Serving>();
  readonly #incoming = new PendingCalls((message) => this.#send(message));
  readonly #outgoing = new OutgoingCalls();
  #heardMs = performance.now();

  constructor(socket: Socket, host: SessionHost) {
    this.#socket = socket;
    this.#host = host;
    socket.setNoDelay();
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      // Without a goodbye the members stay until the lease runs out.
      this.#link?.crash();
      host.ended(this);
    });
    receiveFrames<Up>(socket, (message) => this.#take(message));
  }

  /** true while there is a link whose gateway has not been heard for `ms`. */
  isSilentFor(ms: number): boolean {
    return this.#link !== undefined && performance.now() - this.#heardMs > ms;
  }

  /** The lease has run out: its members leave, and the gateway must begin anew. */
  expire(): void {
    this.#link?.close();
    this.cut();
  }

  /** Ends the socket without a word. */
  cut(): void {
    this.#socket.destroy();
  }

  #take(message: Up): void {
    this.#heardMs = performance.now();
    switch (message.type) {
      case "capabilities":
        this.#send({ type: "capabilities", capabilities: this.#host.broker.capabilities });
        return;
      case "hello":
        this.#begin(message.gateway, message.former);
        return;
      case "ask":
        this.#answer(message.id, this.#carryOut(message));
        return;
      case "tell":
        this.#tell(message);
        return;
      case "bye":
        this.#link?.close();
        this.#send({ type: "bye" });
        this.#socket.end();
        return;
      case "beat":
    }
  }

  #answer(id: number, value: unknown): void {
    if (value instanceof Promise) void value.then((settled) => this.#answer(id, settled));
    else this.#send({ type: "answer", id, value });
  }

  #begin(gateway: string, former: number | undefined): void {
    const { broker } = this.#host;
    this.#former = this.#host.former(former);
    // The incarnation before must not hear, or own, anything from here on.
    this.#former?.crash();
    const link = broker.connect(gateway, this.#listener());
    this.#link = link;
    const incarnation = this.#host.remember(link);
    this.#send({ type: "welcome", incarnation, leaseMs: broker.capabilities.presenceLeaseMs });
  }

  #listener(): BrokerListener {
    return {
      onEntry: (...args) => this.#send({ type: "event", name: "onEntry", args }),
      onEphemeral: (...args) => this.#send({ type: "event", name: "onEphemeral", args }),
      onPresence: (...args) => this.#send({ type: "event", name: "onPresence", args }),
      onRelayGap: (...args) => this.#send({ type: "event", name: "onRelayGap", args }),
      onAvailability: (...args) => this.#send({ type: "event", name: "onAvailability", args }),
      onCommand: (...args) => this.#send({ type: "event", name: "onCommand", args }),
    };
  }

  #carryOut(operation: Operation): unknown {
    const link = this.#link;
    if (link === undefined) throw new Error("an operation before hello");
    const { op, args } = operation;
    switch (op) {
      case "serve":
        return this.#serve(link, ...args);
      case "call": {
        const [call, subject, payload, timeoutMs] = args;
        return this.#outgoing.make(call, (signal) =>
          link.call(subject, payload, { timeoutMs, signal }),
        );
      }
      case "reclaim":
        this.#host.broker.engine.presence.reclaim(link, ...args, this.#former);
        return { ok: true };
      case "settle":
        return { ok: true };
      default:
        return carryOutPlain(link, operation);
    }
  }

  #serve(
    link: EngineLink,
    service: number,
    subject: string,
    group: string,
    options: ServeOptions | undefined,
  ): Done {
    const serving = link.serve(subject, group, this.#incoming.handler(service), options);
    if (!("stop" in serving)) return serving;
    this.#services.set(service, serving);
    return { ok: true };
  }

  #tell({ op, args }: Telling): void {
    switch (op) {
      case "unfollow":
        this.#link?.unfollow(...args);
        return;
      case "leave":
        this.#link?.leave(...args);
        return;
      case "stop":
        void this.#services.get(args[0])?.stop();
        this.#services.delete(args[0]);
        return;
      case "reply":
        this.#incoming.reply(...args);
        return;
      case "giveUp":
        this.#outgoing.cancel(...args);
    }
  }

  #send(message: Down): void {
    if (this.#socket.writableLength > maxWaitingBytes) this.cut();
    else sendFrame(this.#socket, message);
  }
}

/** An operation that is the link's own, arguments and all. */
function carryOutPlain(link: EngineLink, { op, args }: PlainOperation): unknown {
  switch (op) {
    case "publish":
      return link.publish(...args);
    case "publishEphemeral":
      return link.publishEphemeral(...args);
    case "follow":
      return link.follow(...args);
    case "read":
      return link.read(...args);
    case "heads":
      return link.heads(...args);
    case "changes":
      return link.changes(...args);
    case "loadSnapshot":
      return link.loadSnapshot(...args);
    case "storeSnapshot":
      return link.storeSnapshot(...args);
    case "enter":
      return link.enter(...args);
    case "presence":
      return link.presence(...args);
    case "append":
      return link.append(...args);
    case "readLog":
      return link.readLog(...args);
    case "storeLogSnapshot":
      return link.storeLogSnapshot(...args);
    case "loadLogSnapshot":
      return link.loadLogSnapshot(...args);
    case "deleteLog":
      return link.deleteLog(...args);
    case "acquireLease":
      return link.acquireLease(...args);
    case "renewLease":
      return link.renewLease(...args);
    case "releaseLease":
      return link.releaseLease(...args);
    case "broadcast":
      return link.broadcast(...args);
    case "commands":
      return link.commands(...args);
    case "announce":
      return link.announce(...args);
    case "nodes":
      return link.nodes();
  }
}
