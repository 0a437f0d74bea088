/** What travels on a simulated link: the few kinds of RFC 6455 and its opening handshake. */
export type WireMessage =
  | { readonly kind: "open"; readonly text: string }
  | { readonly kind: "accept"; readonly text: string }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "ping" }
  | { readonly kind: "pong" }
  | { readonly kind: "close"; readonly code: number; readonly text: string };

/** Bytes of a message on the wire before its payload: what an unmasked RFC 6455 frame of its size has at most. */
const headerBytes = 5;

/**
 * A message with its size on the wire. Ends of a link hear of whole messages only, so nothing but
 * the size of one that was cut short needs to exist.
 */
export interface Parcel {
  readonly message: WireMessage;
  readonly bytes: number;
}

/** Makes a parcel; `payloadBytes` where the size of the payload in UTF-8 is known already. */
export function parcelOf(message: WireMessage, payloadBytes?: number): Parcel {
  return { message, bytes: headerBytes + (payloadBytes ?? sizeOf(message)) };
}

function sizeOf(message: WireMessage): number {
  if (message.kind === "close") return Buffer.byteLength(`${message.code} ${message.text}`);
  return "text" in message ? Buffer.byteLength(message.text) : 0;
}
