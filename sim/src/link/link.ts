import type { Clock } from "@holdfast/core";
import { type Parcel, parcelOf, type WireMessage } from "./message.js";
import { Pipe, type PipeQuality } from "./pipe.js";

/** Which way bytes go. */
export type Direction = "up" | "down";

/** What an end of a link is told. Nothing follows `reset`. */
export interface LinkEnd {
  message(message: WireMessage): void;
  /** The other side gave the link up, or the network did. */
  reset(): void;
  /** Some of what this end sent has arrived. */
  drained(): void;
}

/** What a link tells the world around it. */
export interface LinkWatch {
  /** A message reached an end. */
  arrived(link: Link, direction: Direction, message: WireMessage): void;
  /** A planned cut happened; `midMessage`: inside a message. */
  cut(link: Link, direction: Direction, midMessage: boolean): void;
  /** The gateway ended the connection while its client was there; the client may never be told. */
  endedAtGateway(link: Link): void;
  ended(link: Link): void;
}

/** One simulated TCP connection from a client (sends `up`) to a gateway (sends `down`). */
export class Link {
  readonly #clock: Clock;
  readonly #latencyMs: number;
  readonly #watch: LinkWatch;
  readonly #pipes: Readonly<Record<Direction, Pipe>>;
  readonly #ends: Record<Direction, LinkEnd | undefined> = { up: undefined, down: undefined };
  #state: "up" | "half-open" | "stranded" | "over" = "up";
  #cutHalfOpen = false;
  #strands: { readonly beginning: string; readonly forMs: number } | undefined;

  constructor(clock: Clock, quality: Readonly<Record<Direction, PipeQuality>>, watch: LinkWatch) {
    this.#clock = clock;
    this.#latencyMs = Math.max(quality.up.latencyMs, quality.down.latencyMs);
    this.#watch = watch;
    this.#pipes = { up: this.#pipe("up", quality.up), down: this.#pipe("down", quality.down) };
  }

  get over(): boolean {
    return this.#state === "over";
  }

  /** The client has lost the link; what it had sent may still arrive. */
  get stranded(): boolean {
    return this.#state === "stranded";
  }

  /** Nothing arrives, and nobody was told. */
  get halfOpen(): boolean {
    return this.#state === "half-open";
  }

  /** Sets who hears what travels in this direction. */
  attach(direction: Direction, end: LinkEnd): void {
    this.#ends[direction] = end;
  }

  /** Bytes sent in this direction that have not arrived. */
  queuedBytes(direction: Direction): number {
    return this.#pipes[direction].queuedBytes;
  }

  send(direction: Direction, message: WireMessage): void {
    this.sendParcel(direction, parcelOf(message));
    const strands = this.#strands;
    if (strands === undefined || direction !== "up" || message.kind !== "text") return;
    if (message.text.startsWith(strands.beginning)) this.#strand(strands.forMs);
  }

  /** Sends a message whose size is known. */
  sendParcel(direction: Direction, parcel: Parcel): void {
    if (this.#state === "up") this.#pipes[direction].send(parcel);
  }

  stall(direction: Direction): void {
    this.#pipes[direction].stall();
  }

  resume(direction: Direction): void {
    this.#pipes[direction].resume();
  }

  /** Cuts after the next `bytes` bytes; `halfOpen`: without either end being told. */
  cutAfter(direction: Direction, bytes: number, halfOpen: boolean): void {
    this.#cutHalfOpen = halfOpen;
    this.#pipes[direction].cutAfter(bytes);
  }

  /** Takes back what was planned for this link and has not happened yet. */
  mend(): void {
    for (const pipe of [this.#pipes.up, this.#pipes.down]) {
      pipe.mend();
      pipe.resume();
    }
    this.#strands = undefined;
    this.#unstrand();
  }

  /** From now on nothing arrives, and nobody is told. */
  goHalfOpen(): void {
    if (this.#state !== "up") return;
    this.#state = "half-open";
    this.#pipes.up.break();
    this.#pipes.down.break();
  }

  /**
   * With the next text that begins like this the client loses the link and is told; what it had sent
   * is held back for a while and arrives all the same, before the gateway is told.
   */
  strandAt(beginning: string, forMs: number): void {
    this.#strands = { beginning, forMs };
  }

  #strand(forMs: number): void {
    if (this.#state !== "up") return;
    this.#state = "stranded";
    this.#pipes.down.break();
    this.#pipes.up.stall();
    this.#clock.after(0, () => this.#tell("down"));
    this.#clock.after(forMs, () => this.#unstrand());
  }

  /** What was held back arrives now. */
  #unstrand(): void {
    if (this.#state !== "stranded") return;
    this.#pipes.up.resume();
    this.#endStranded();
  }

  #endStranded(): void {
    if (this.#state !== "stranded" || this.#pipes.up.queuedBytes > 0) return;
    this.#finish();
    this.#tell("up");
  }

  /** The gateway ends the connection. */
  endAtGateway(): void {
    if (this.#ends.down !== undefined) this.#watch.endedAtGateway(this);
  }

  /** One end gives up: the one that hears `direction` is told a little later, if it can be. */
  abandon(direction: Direction): void {
    this.#ends[direction === "up" ? "down" : "up"] = undefined;
    if (this.#state === "half-open") {
      // The other end does not hear of it, unless the network heals before it notices by itself.
      if (this.#ends[direction] === undefined) this.#finish();
      return;
    }
    this.#finish();
    this.#clock.after(this.#latencyMs, () => this.#tell(direction));
  }

  /** The network gives up: both ends are told. */
  reset(): void {
    if (this.#state === "over") return;
    this.#finish();
    this.#clock.after(0, () => {
      this.#tell("up");
      this.#tell("down");
    });
  }

  #tell(direction: Direction): void {
    const end = this.#ends[direction];
    this.#ends[direction] = undefined;
    end?.reset();
  }

  #finish(): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#pipes.up.break();
    this.#pipes.down.break();
    this.#watch.ended(this);
  }

  #pipe(direction: Direction, quality: PipeQuality): Pipe {
    return new Pipe(this.#clock, quality, {
      deliver: (parcel) => this.#arrive(direction, parcel),
      cut: (midMessage) => {
        this.#watch.cut(this, direction, midMessage);
        if (this.#cutHalfOpen) this.goHalfOpen();
        else this.reset();
      },
    });
  }

  #arrive(direction: Direction, { message }: Parcel): void {
    if (this.#state !== "up" && this.#state !== "stranded") return;
    this.#watch.arrived(this, direction, message);
    this.#ends[direction]?.message(message);
    this.#ends[direction === "up" ? "down" : "up"]?.drained();
    this.#endStranded();
  }
}
