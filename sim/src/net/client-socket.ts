import type { Socket, SocketEvents } from "@holdfast/client/internal";
import type { Payload } from "@holdfast/protocol";
import type { Link } from "../link/link.js";
import type { WireMessage } from "../link/message.js";
import type { SimProcess } from "../process/process.js";
import { kernelBufferBytes } from "./server-socket.js";

/** How long a client waits for the other side's close frame. */
const closeTimeoutMs = 2_000;
/** RFC 6455 §7.1.5: no close frame was received. */
const abnormal = 1006;

/** The client's end of a link. */
export class ClientSocket implements Socket {
  readonly #link: Link;
  readonly #process: SimProcess;
  readonly #events: SocketEvents;
  #state: "opening" | "open" | "closing" | "closed" = "opening";

  constructor(
    link: Link,
    process: SimProcess,
    subprotocols: readonly string[],
    events: SocketEvents,
  ) {
    this.#link = link;
    this.#process = process;
    this.#events = events;
    link.attach("down", {
      message: (message) => process.enter(() => this.#take(message)),
      reset: () => process.enter(() => this.#closed(abnormal, "")),
      drained: () => {},
    });
    link.send("up", { kind: "open", text: subprotocols.join(",") });
  }

  get bufferedBytes(): number {
    return Math.max(0, this.#link.queuedBytes("up") - kernelBufferBytes);
  }

  send(payload: Payload): void {
    if (typeof payload !== "string") throw new Error("simulated links carry text only");
    if (this.#state === "open") this.#link.send("up", { kind: "text", text: payload });
  }

  close(code: number, reason: string): void {
    if (this.#state === "opening") this.drop();
    if (this.#state !== "open") return;
    this.#state = "closing";
    this.#link.send("up", { kind: "close", code, text: reason });
    this.#process.clock.after(closeTimeoutMs, () => this.drop());
  }

  drop(): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#abandon();
  }

  #abandon(): void {
    if (!this.#link.over) this.#link.abandon("up");
  }

  #take(message: WireMessage): void {
    if (this.#state === "closed") return;
    if (message.kind === "accept" && this.#state === "opening") {
      this.#state = "open";
      this.#events.onOpen();
    } else if (message.kind === "text" && this.#state === "open") {
      this.#events.onMessage(message.text);
    } else if (message.kind === "ping") {
      this.#link.send("up", { kind: "pong" });
    } else if (message.kind === "close") {
      if (this.#state === "open") this.#link.send("up", message);
      this.#closed(message.code, message.text);
    }
  }

  #closed(code: number, reason: string): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#events.onClose(code, reason);
  }
}
