import type { Codec, Payload } from "@holdfast/protocol";
import type { FrameList } from "./frame-list.js";

/**
 * One encoded message, shared by every connection it goes to. `framed` is filled by the
 * first transport that needs it and reused by all of the same framing.
 */
export class Frame {
  readonly payload: Payload;
  /** Size of the payload in bytes (UTF-8 for text). */
  readonly size: number;
  /** The channel whose publication this is, so that it can be withdrawn; absent for anything else. */
  readonly channel: string | undefined;
  /** Present on ephemeral publications: they may be dropped, and replaced by a later one of the same key. */
  readonly conflation: Conflation | undefined;
  /** The RFC 6455 frame, unmasked, FIN set; made once. */
  framed: Uint8Array | undefined = undefined;
  /** The same for connections that take compressed messages; made once. */
  deflated: Uint8Array | undefined = undefined;
  constructor(payload: Payload, size: number, channel?: string, conflation?: Conflation) {
    this.payload = payload;
    this.size = size;
    this.channel = channel;
    this.conflation = conflation;
  }
}

/** How an ephemeral publication may be conflated. */
export interface Conflation {
  /** Within its channel; without one it may be dropped but not replaced. */
  readonly key: string | undefined;
}

/**
 * Writes lists of frames to many transports, in as few steps as the platform can. The pure default
 * (`oneByOne`) writes each by itself.
 */
export interface FrameWriter {
  /** Knows a transport by a number from now on, until `detach`. */
  attach(slot: number, transport: Transport): void;
  detach(slot: number): void;
  /**
   * Hands a list over for the transports whose numbers stand from `from` up to before `to`; it is written by
   * `flush` at the latest. Neither calls back into the core, and between them nothing else is written to the
   * transports.
   */
  add(slots: Int32Array, from: number, to: number, list: FrameList): void;
  /** Returns how many transports since the last `flush` did not take everything; their `bufferedBytes` tell which. */
  flush(): number;
}

/** A writer that hands each transport its frames. */
export function oneByOne(): FrameWriter {
  const transports: (Transport | undefined)[] = [];
  let incomplete = 0;
  return {
    attach: (slot, transport) => {
      transports[slot] = transport;
    },
    detach: (slot) => {
      transports[slot] = undefined;
    },
    add: (slots, from, to, list) => {
      for (let at = from; at < to; at++) {
        const transport = transports[slots[at] ?? 0];
        transport?.write(list.frames());
        if (transport !== undefined && transport.bufferedBytes > 0) incomplete++;
      }
    },
    flush: () => {
      const count = incomplete;
      incomplete = 0;
      return count;
    },
  };
}

/** What the gateway core knows of a socket. Nothing else writes to it. */
export interface Transport {
  readonly codec: Codec;
  /** true: a subprotocol was negotiated, so application pings and batches are understood. */
  readonly negotiated: boolean;
  /** Bytes handed over and not yet taken by the peer's side of the socket. */
  readonly bufferedBytes: number;
  /** Sends the frames in order, as one write where possible. The array is only valid during the call. */
  write(frames: readonly Frame[]): void;
  /** Sends a protocol-level ping (RFC 6455 §5.5.2); its answer comes as `Connection.ponged()`. */
  ping(): void;
  /** The message with such a ping before it, as one frame; absent: this transport cannot send them together. */
  withPing?(message: Frame): Frame;
  /** Begins the closing handshake after what was written; the transport bounds its duration. */
  close(code: number, reason: string): void;
  /** Destroys the socket. */
  terminate(): void;
}

/** What a transport tells the gateway core of one socket. */
export interface Connection {
  /** One whole message; `bytes` is its size (UTF-8 for text), where the transport knows it. */
  receive(payload: Payload, bytes?: number): void;
  /** Any sign of life below the message level. */
  ponged(): void;
  /** The socket's buffer went below its low-water mark. */
  drained(): void;
  /** The socket is gone, however it went; called exactly once. */
  closed(code: number): void;
}

/** What the transport learned while the socket opened. */
export interface Handshake {
  /** From the `holdfast.token.` subprotocol. */
  readonly token?: string;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly remoteAddress?: string;
}
