import type { Clock, Timer } from "@holdfast/core";
import type { RedisLimits } from "../limits.js";
import type { Subscriptions } from "./subscriptions.js";

/** What a heartbeat is made of. */
export interface HeartbeatOptions {
  /** Name of the relay by which only this gateway hears. */
  readonly relay: string;
  readonly clock: Clock;
  readonly limits: Pick<RedisLimits, "heartbeatIntervalMs" | "heartbeatTimeoutMs">;
  readonly publish: (relay: string, text: string) => Promise<unknown>;
  readonly subscriptions: Subscriptions;
  /** The server has carried a heartbeat out, has said or shown that it cannot, or is silent. */
  readonly onAnswer: (answer: "done" | "refused" | "none") => void;
}

interface Beat {
  readonly text: string;
  readonly done: () => void;
  answered: boolean;
}

/**
 * Sends itself a message through a server, again and again. It goes out by the connection for
 * commands and must come back by the one for the relay: a connection that only looks alive is found
 * although the network never said a word.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #beats = new Map<string, Beat>();
  #relay: string;
  #count = 0;
  #next: Timer | undefined;
  #deadline: Timer | undefined;
  #closed = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#relay = options.relay;
    options.subscriptions.want(this.#relay, () => {});
    this.#schedule();
  }

  /** Goes by another relay from now on, since the server may no longer have the former one's slot. */
  useRelay(relay: string): void {
    if (relay === this.#relay) return;
    const { subscriptions } = this.#options;
    subscriptions.drop(this.#relay);
    this.#relay = relay;
    subscriptions.want(relay, () => {});
  }

  /** Takes a message if it is a heartbeat's. */
  heard(relay: string, payload: Buffer): boolean {
    if (relay !== this.#relay) return false;
    const text = payload.toString("latin1");
    this.#beats.get(text)?.done();
    this.#beats.delete(text);
    return true;
  }

  /** Settles when a message has gone all the way round; everything before it has then come too. */
  roundTrip(): Promise<void> {
    return new Promise((resolve) => {
      this.#options.subscriptions.want(this.#relay, () => void this.#send(resolve));
    });
  }

  close(): void {
    this.#closed = true;
    this.#next?.cancel();
    this.#deadline?.cancel();
    for (const beat of this.#beats.values()) beat.done();
    this.#beats.clear();
  }

  #schedule(): void {
    if (this.#closed) return;
    const { clock, limits } = this.#options;
    this.#next = clock.after(limits.heartbeatIntervalMs, () => this.#beat());
  }

  #beat(): void {
    const { clock, limits, subscriptions } = this.#options;
    const wasLive = subscriptions.live;
    const over = (): void => {
      this.#deadline?.cancel();
      this.#schedule();
    };
    const beat = this.#send(over, over);
    this.#deadline = clock.after(limits.heartbeatTimeoutMs, () => {
      this.#beats.delete(beat.text);
      if (!beat.answered) this.#options.onAnswer("none");
      // It went out and did not come back, by a connection that claimed to be sound.
      else if (wasLive) subscriptions.restart();
      this.#schedule();
    });
  }

  #send(done: () => void, refused: () => void = () => {}): Beat {
    this.#count += 1;
    const beat: Beat = { text: String(this.#count), done, answered: false };
    this.#beats.set(beat.text, beat);
    this.#options.publish(this.#relay, beat.text).then(
      () => {
        beat.answered = true;
        if (!this.#closed) this.#options.onAnswer("done");
      },
      () => {
        if (!this.#beats.delete(beat.text) || this.#closed) return;
        this.#options.onAnswer("refused");
        refused();
      },
    );
    return beat;
  }
}
