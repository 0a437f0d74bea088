import type { Channel } from "../../memory/channel.js";

/** Older states of one channel that a replica may still be in. */
const maxBehind = 8;

/**
 * What a replica that lags behind would have: each channel as it was just before a snapshot was
 * stored and what the snapshot covers was let go. Which of them takes over decides how much is lost,
 * never whether what is left fits together.
 */
export class Replicas {
  readonly #behind = new Map<string, Channel[]>();

  /** Remembers the channel as it is now. */
  note(channel: Channel): void {
    const behind = this.#behind.get(channel.name) ?? [];
    behind.push(channel.copy());
    if (behind.length > maxBehind) behind.shift();
    this.#behind.set(channel.name, behind);
  }

  /** The channel as a replica has it that knows no snapshot beyond `upTo`; itself where it knows none. */
  before(channel: Channel, upTo: number): Channel {
    const fits = ({ snapshot }: Channel): boolean => (snapshot?.position.offset ?? 0) <= upTo;
    if (fits(channel)) return channel;
    const known = this.#behind.get(channel.name) ?? [];
    const older = known.findLast(
      (each) => each.epoch === channel.epoch && each.head.offset >= upTo && fits(each),
    );
    return older?.copy() ?? channel;
  }

  clear(): void {
    this.#behind.clear();
  }
}
