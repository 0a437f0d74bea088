import { constants, deflateRawSync } from "node:zlib";
import type { Frame } from "../transport.js";
import type { DeflateOffer } from "./deflate-offers.js";
import { framed, framedBytes } from "./framing.js";

/** RFC 7692 §6: RSV1 marks a compressed message. */
const RSV1 = 0x40;
/** RFC 7692 §7.2.1: what an empty block ends with is not sent. */
const TAIL_BYTES = 4;
/** Every taker agreed to it; one that asked for a smaller window is sent uncompressed messages. */
const WINDOW_BITS = 15;

/** Which messages are worth it. */
export interface Compression {
  /** Smaller messages are sent as they are. */
  readonly thresholdBytes: number;
  /** 1: fast, 9: small. */
  readonly level: number;
}

/**
 * The frame of a message for connections that negotiated permessage-deflate without context takeover:
 * compressed by itself, so that one serves all of them; made once and kept on the `Frame`. It is the
 * plain frame where compressing gains nothing.
 */
export function deflatedBytes(frame: Frame, { thresholdBytes, level }: Compression): Uint8Array {
  if (frame.deflated !== undefined) return frame.deflated;
  frame.deflated = frame.size < thresholdBytes ? framedBytes(frame) : deflate(frame, level);
  return frame.deflated;
}

function deflate(frame: Frame, level: number): Uint8Array {
  const { payload, size } = frame;
  const body = deflateRawSync(payload, {
    level,
    windowBits: WINDOW_BITS,
    finishFlush: constants.Z_SYNC_FLUSH,
  }).subarray(0, -TAIL_BYTES);
  if (body.byteLength >= size) return framedBytes(frame);
  return framed(body, typeof payload === "string", RSV1);
}

/**
 * Whether a connection that was opened by this offer takes the shared compressed frames: they may refer
 * to anything within the largest window (RFC 7692 §7.1.2.1).
 */
export function takesDeflated(offer: DeflateOffer | undefined): boolean {
  return offer !== undefined && offer.serverWindowBits >= WINDOW_BITS;
}
