import { Duplex } from "node:stream";

/** Bytes either side may have waiting for the other. */
const HIGH_WATER_BYTES = 262_144;

/** One end of a connection without a network: what is written to it is read from the other. */
export class PipeEnd extends Duplex {
  /** What a socket knows of its peer. */
  readonly remoteAddress = "127.0.0.1";
  readonly localAddress = "127.0.0.1";
  #other: PipeEnd | undefined;
  #readable: (() => void) | undefined;

  constructor() {
    super({ highWaterMark: HIGH_WATER_BYTES, allowHalfOpen: true });
  }

  /** Two ends that belong together. */
  static pair(): readonly [PipeEnd, PipeEnd] {
    const [one, other] = [new PipeEnd(), new PipeEnd()];
    one.#other = other;
    other.#other = one;
    return [one, other];
  }

  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  override _read(): void {
    const taken = this.#readable;
    this.#readable = undefined;
    taken?.();
  }

  override _write(chunk: Buffer, _encoding: string, taken: () => void): void {
    const other = this.#other;
    if (other === undefined || other.destroyed) taken();
    else if (other.push(chunk)) taken();
    else other.#readable = taken;
  }

  override _final(done: () => void): void {
    const other = this.#other;
    if (other !== undefined && !other.destroyed) other.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const other = this.#other;
    this.#other = undefined;
    // A socket that is destroyed ends the other side's reading.
    if (other !== undefined && !other.destroyed && !other.readableEnded) other.push(null);
    done(error);
  }
}
