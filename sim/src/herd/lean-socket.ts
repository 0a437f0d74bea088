import type { Socket, SocketEvents } from "@holdfast/client/internal";
import type { Clock } from "@holdfast/core";
import type { Connection, Frame, Transport } from "@holdfast/gateway/internal";
import type { Codec, Payload } from "@holdfast/protocol";

/** RFC 6455 §7.1.5: no close frame was received. */
const abnormal = 1006;

/** Both ends of one connection over a network that does nothing but take its time. */
export class LeanSocket implements Transport, Socket {
  readonly codec: Codec;
  readonly negotiated = true;
  readonly bufferedBytes = 0;
  readonly #clock: Clock;
  readonly #latencyMs: number;
  readonly #client: SocketEvents;
  #gateway: Connection | undefined;
  /** The client has not given it up, nor been told of its end. */
  #clientListens = true;

  constructor(clock: Clock, latencyMs: number, codec: Codec, client: SocketEvents) {
    this.#clock = clock;
    this.#latencyMs = latencyMs;
    this.codec = codec;
    this.#client = client;
  }

  /** The gateway has taken the connection; the client learns of it. */
  start(gateway: Connection): void {
    this.#gateway = gateway;
    this.#later(() => this.#tellClient((client) => client.onOpen()));
  }

  send(payload: Payload): void {
    this.#later(() => this.#gateway?.receive(payload));
  }

  write(frames: readonly Frame[]): void {
    const payloads = frames.map(({ payload }) => payload);
    this.#later(() => {
      for (const payload of payloads) this.#tellClient((client) => client.onMessage(payload));
    });
  }

  ping(): void {
    this.#later(() => this.#gateway?.ponged());
  }

  close(code: number, reason: string): void {
    const gateway = this.#gateway;
    this.#gateway = undefined;
    this.#later(() => {
      this.#endClient(code, reason);
      gateway?.closed(code);
    });
  }

  /** Either side gives up; the gateway is told a little later. */
  drop(): void {
    this.#clientListens = false;
    const gateway = this.#gateway;
    this.#gateway = undefined;
    if (gateway !== undefined) this.#later(() => gateway.closed(abnormal));
  }

  terminate(): void {
    this.#endClient(abnormal, "");
    this.drop();
  }

  /** The gateway's process is gone; its kernel tells the client. */
  cut(): void {
    this.#gateway = undefined;
    this.#later(() => this.#endClient(abnormal, ""));
  }

  #endClient(code: number, reason: string): void {
    this.#tellClient((client) => client.onClose(code, reason));
    this.#clientListens = false;
  }

  #tellClient(tell: (client: SocketEvents) => void): void {
    if (this.#clientListens) tell(this.#client);
  }

  #later(step: () => void): void {
    this.#clock.after(this.#latencyMs, step);
  }
}
