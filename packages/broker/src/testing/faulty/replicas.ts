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

  /** A replica takes over that has nothing after `upTo`; the channel as it has it, in a new epoch. */
  takeOver(channel: Channel, upTo: number): Channel {
    const fits = ({ snapshot }: Channel): boolean => (snapshot?.position.offset ?? 0) <= upTo;
    const fitting = (this.#behind.get(channel.name) ?? []).filter(
      (each) => each.epoch === channel.epoch && fits(each),
    );
    const whole = fitting.findLast((each) => each.head.offset >= upTo);
    const next = fits(channel) ? channel : (whole?.copy() ?? channel);
    next.loseAfter(upTo);
    for (const each of fitting) each.loseAfter(Math.min(upTo, each.head.offset), next.epoch);
    this.#behind.set(channel.name, fitting);
    return next;
  }

  clear(): void {
    this.#behind.clear();
  }
}
