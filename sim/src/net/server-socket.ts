import type { Connection, Frame, Transport } from "@holdfast/gateway/internal";
import type { Codec } from "@holdfast/protocol";
import type { Link } from "../link/link.js";
import { type Parcel, parcelOf, type WireMessage } from "../link/message.js";
import type { SimProcess } from "../process/process.js";

/** Bytes the two kernels hold before a socket counts as full. */
export const kernelBufferBytes = 16_384;
/** How long the closing handshake may take. */
const closeTimeoutMs = 2_000;
/** RFC 6455 §7.1.5: no close frame was received. */
const abnormal = 1006;

function parcelOfFrame({ payload, size }: Frame): Parcel {
  if (typeof payload !== "string") throw new Error("simulated links carry text only");
  return parcelOf({ kind: "text", text: payload }, size);
}

/** The gateway's end of a link. */
export class ServerSocket implements Transport {
  readonly codec: Codec;
  readonly negotiated: boolean;
  readonly #link: Link;
  readonly #process: SimProcess;
  #connection: Connection | undefined;
  #state: "open" | "closing" | "closed" = "open";
  #blocked = false;

  constructor(link: Link, process: SimProcess, codec: Codec, negotiated: boolean) {
    this.#link = link;
    this.#process = process;
    this.codec = codec;
    this.negotiated = negotiated;
  }

  /** Hands what arrives to the connection. */
  start(connection: Connection): void {
    this.#connection = connection;
    this.#link.attach("up", {
      message: (message) => this.#process.enter(() => this.#take(message)),
      reset: () => this.#process.enter(() => this.#closed(abnormal)),
      drained: () => this.#process.enter(() => this.#drained()),
    });
  }

  get bufferedBytes(): number {
    return Math.max(0, this.#link.queuedBytes("down") - kernelBufferBytes);
  }

  write(frames: readonly Frame[]): void {
    if (this.#state !== "open" || !this.#process.alive) return;
    for (const frame of frames) this.#link.sendParcel("down", parcelOfFrame(frame));
    if (this.bufferedBytes > 0) this.#blocked = true;
  }

  ping(): void {
    if (this.#state === "open" && this.#process.alive) this.#link.send("down", { kind: "ping" });
  }

  close(code: number, reason: string): void {
    if (this.#state !== "open" || !this.#process.alive) return;
    this.#state = "closing";
    this.#link.endAtGateway();
    this.#link.send("down", { kind: "close", code, text: reason });
    this.#process.clock.after(closeTimeoutMs, () => {
      this.#giveUp();
      this.#closed(abnormal);
    });
  }

  terminate(): void {
    if (this.#state === "closed" || !this.#process.alive) return;
    if (this.#state === "open") this.#link.endAtGateway();
    this.#giveUp();
    this.#process.clock.soon(() => this.#closed(abnormal));
  }

  #take(message: WireMessage): void {
    if (this.#state === "closed") return;
    if (message.kind === "close") {
      if (this.#state === "open") this.#link.send("down", message);
      this.#closed(message.code);
    } else if (message.kind === "pong") {
      this.#connection?.ponged();
    } else if (message.kind === "text" && this.#state === "open") {
      this.#connection?.receive(message.text);
    }
  }

  #drained(): void {
    if (!this.#blocked || this.bufferedBytes > 0) return;
    this.#blocked = false;
    if (this.#state === "open") this.#connection?.drained();
  }

  #giveUp(): void {
    if (!this.#link.over) this.#link.abandon("down");
  }

  #closed(code: number): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#connection?.closed(code);
  }
}
