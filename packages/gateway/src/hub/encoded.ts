import type { Entry, EphemeralRequest } from "@holdfast/broker";
import type { Codec, DownMessage, Payload, Publication } from "@holdfast/protocol";
import { Frame } from "../transport.js";

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

/** Size of a payload on the wire in bytes. */
export function sizeOf(payload: Payload): number {
  return typeof payload === "string" ? Buffer.byteLength(payload) : payload.byteLength;
}

/**
 * One message that goes to many connections: encoded once per codec, when the first connection
 * of that codec needs it, and shared from then on.
 */
export class Encoded {
  readonly message: DownMessage;
  readonly #ref: number;
  #codec: Codec | undefined;
  #frame: Frame | undefined;
  #others: Map<Codec, Frame> | undefined;

  /** `ref`: the number of the message's channel, where binary codecs say it. */
  constructor(message: DownMessage, ref = 0) {
    this.message = message;
    this.#ref = ref;
  }

  /** The frame for a codec. Throws `TypeError` for values the codec cannot say. */
  frame(codec: Codec): Frame {
    if (this.#codec === codec && this.#frame !== undefined) return this.#frame;
    const known = this.#others?.get(codec);
    if (known !== undefined) return known;
    const payload = codec.encode(this.message, this.#ref);
    const frame = frameOf(this.message, payload);
    if (this.#frame === undefined) {
      this.#codec = codec;
      this.#frame = frame;
    } else {
      this.#others ??= new Map();
      this.#others.set(codec, frame);
    }
    return frame;
  }

  /** Size in the codec it was first encoded in, in bytes; 0 before. */
  get size(): number {
    return this.#frame?.size ?? 0;
  }
}

function frameOf(message: DownMessage, payload: Payload): Frame {
  const size = sizeOf(payload);
  if (message.type === "publication") return new Frame(payload, size, message.channel);
  if (message.type !== "ephemeral") return new Frame(payload, size);
  return new Frame(payload, size, message.channel, { key: message.key });
}

/** A retained entry as subscribers see it: nothing in it depends on the recipient. */
export function publicationOf(channel: string, entry: Entry): Publication {
  const { offset, id, timeMs, data, bytes, user, tags, meta } = entry;
  // Field by field: this runs for every entry, and spreading optional ones costs five times as much.
  const publication: Mutable<Publication> = { type: "publication", channel, offset, id, timeMs };
  if (bytes === undefined) publication.data = data;
  else publication.bytes = bytes;
  if (user !== undefined) publication.user = user;
  if (tags !== undefined) publication.tags = [...tags];
  if (meta !== undefined) publication.meta = meta;
  return publication;
}

/** An ephemeral publication as subscribers see it. */
export function ephemeralOf(request: EphemeralRequest): DownMessage {
  return {
    type: "ephemeral",
    channel: request.channel,
    ...(request.bytes === undefined ? { data: request.data } : { bytes: request.bytes }),
    ...(request.user === undefined ? {} : { user: request.user }),
    ...(request.key === undefined ? {} : { key: request.key }),
    ...(request.tags === undefined ? {} : { tags: [...request.tags] }),
    ...(request.meta === undefined ? {} : { meta: request.meta }),
  };
}
