import type { DownMessage } from "../schemas/down.js";
import type { UpMessage } from "../schemas/up.js";

/** What travels in one WebSocket message: text for JSON, bytes for binary codecs. */
export type Payload = string | Uint8Array;

/** The values of one frame, in order; a part that could not be decoded is an `Error` in its place. */
export type Decoded = readonly (unknown | DecodeError)[];

/** A part of a frame that is not a value of the codec. */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
}

/** Value ⇄ payload. `bytes` fields are `Uint8Array` in values and whatever the codec has for them on the wire. */
export interface Codec {
  readonly name: "json" | "msgpack" | "protobuf";
  readonly subprotocol: `holdfast.v1.${string}`;
  readonly binary: boolean;
  /**
   * Encodes one message. Throws `TypeError` for values outside I-JSON. `ref` is the number of the
   * message's channel, where it has one (1…2³²−1): binary codecs announce it in `subscribed` and write
   * it in the place of the name in `publication` and `ephemeral`.
   */
  encode(message: UpMessage | DownMessage, ref?: number): Payload;
  /**
   * An answer to request `id`, made of the payload of the same answer without one, so that what is large
   * in it is encoded once for everybody. Absent where a codec cannot; then it is encoded whole.
   */
  answering?(payload: Payload, id: number): Payload;
  /**
   * Decodes a frame of one or more messages (JSON lines, or varint-length-prefixed binary).
   * Values are not validated; `maxMessages` bounds the batch.
   */
  decode(payload: Payload, maxMessages: number): Decoded;
  /**
   * The codec as one connection of a client uses it: what `decode` gives has its channels by name.
   * Absent where messages say everything by themselves.
   */
  forConnection?(): Codec;
}
