import type { Clock, Timer } from "@holdfast/core";
import type { Codec, Subscribed } from "@holdfast/protocol";
import { Frame } from "../../transport.js";
import { Encoded, sizeOf } from "../encoded.js";

/** How long an encoded state is kept for others who come, in milliseconds. */
const KEPT_MS = 100;

/** What is said to who begins with a state, but for the number of the request. */
export type Greeting = Omit<Subscribed, "id">;

/**
 * Encodes a state once for everybody who comes within a short time: what differs between them is only
 * the number of the request that is answered.
 */
export class Welcome {
  readonly #clock: Clock;
  readonly #ref: number;
  #greeting: Greeting | undefined;
  #encoded: Encoded | undefined;
  #timer: Timer | undefined;

  /** `ref`: the number of the channel in binary codecs. */
  constructor(clock: Clock, ref: number) {
    this.#clock = clock;
    this.#ref = ref;
  }

  /** The frame of a greeting, as the answer to a request where that has a number. */
  frame(greeting: Greeting, id: number | undefined, codec: Codec): Frame {
    const shared = this.#shared(greeting).frame(codec);
    if (id === undefined) return shared;
    if (codec.answering === undefined) {
      const payload = codec.encode({ ...greeting, id }, this.#ref);
      return new Frame(payload, sizeOf(payload));
    }
    const payload = codec.answering(shared.payload, id);
    // A number takes as many bytes as characters.
    return new Frame(payload, shared.size + payload.length - shared.payload.length);
  }

  /** Keeps nothing any more. */
  release(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#greeting = undefined;
    this.#encoded = undefined;
  }

  #shared(greeting: Greeting): Encoded {
    if (this.#encoded !== undefined && isSame(this.#greeting, greeting)) return this.#encoded;
    this.release();
    const encoded = new Encoded(greeting, this.#ref);
    this.#greeting = greeting;
    this.#encoded = encoded;
    this.#timer = this.#clock.after(KEPT_MS, () => this.release());
    return encoded;
  }
}

/** States are never changed, so that the same object is the same state. */
function isSame(kept: Greeting | undefined, next: Greeting): boolean {
  return (
    kept?.state === next.state &&
    kept?.position?.epoch === next.position?.epoch &&
    kept?.position?.offset === next.position?.offset &&
    kept?.top === next.top &&
    kept?.reason === next.reason
  );
}
