import { DecodeError } from "../codec.js";

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !(value instanceof DecodeError);

/**
 * The numbers by which one connection was told to know its channels: learned from `subscribed`, put
 * back as names into what is pushed. The last announcement counts.
 */
export class AnnouncedRefs {
  readonly #channels = new Map<unknown, string>();
  readonly #refs = new Map<string, unknown>();

  /** A message as JSON would have it; an error where its number was never announced. */
  resolve(value: unknown): unknown {
    if (!isFields(value)) return value;
    const { type, channel } = value;
    if (type === "publication" || type === "ephemeral") {
      return channel === undefined ? this.#named(value) : value;
    }
    if (typeof channel !== "string") return value;
    if (type === "subscribed" && value.ref !== undefined) this.#announce(channel, value.ref);
    else if (type === "unsubscribed") this.#forget(channel);
    return value;
  }

  #named({ type, ref, ...fields }: Fields): unknown {
    const channel = this.#channels.get(ref);
    if (channel !== undefined) return { type, channel, ...fields };
    return new DecodeError("a publication names its channel by a number that was not announced");
  }

  #announce(channel: string, ref: unknown): void {
    this.#forget(channel);
    this.#channels.set(ref, channel);
    this.#refs.set(channel, ref);
  }

  #forget(channel: string): void {
    const ref = this.#refs.get(channel);
    this.#refs.delete(channel);
    // The number may stand for another channel by now.
    if (this.#channels.get(ref) === channel) this.#channels.delete(ref);
  }
}
