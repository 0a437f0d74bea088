import type { Codec, Payload } from "@holdfast/protocol";

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
  /** The RFC 6455 frame, unmasked, FIN set; made once. */
  framed: Uint8Array | undefined = undefined;
  constructor(payload: Payload, size: number, channel?: string) {
    this.payload = payload;
    this.size = size;
    this.channel = channel;
  }
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
  /** Begins the closing handshake after what was written; the transport bounds its duration. */
  close(code: number, reason: string): void;
  /** Destroys the socket. */
  terminate(): void;
}

/** What a transport tells the gateway core of one socket. */
export interface Connection {
  /** One whole message. */
  receive(payload: Payload): void;
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
