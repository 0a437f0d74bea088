/** What travels on a simulated link: the few kinds of RFC 6455 and its opening handshake. */
export type WireMessage =
  | { readonly kind: "open"; readonly text: string }
  | { readonly kind: "accept"; readonly text: string }
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "ping" }
  | { readonly kind: "pong" }
  | { readonly kind: "close"; readonly code: number; readonly text: string };

const codes = { open: 1, accept: 2, text: 3, ping: 4, pong: 5, close: 6 } as const;
const kindOf = ["", "open", "accept", "text", "ping", "pong", "close"] as const;

/** Bytes before the payload: kind, then the payload's length. */
const headerBytes = 5;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One message as kind, length and payload. */
export function encodeMessage(message: WireMessage): Uint8Array {
  const body = "text" in message ? message.text : "";
  const text = message.kind === "close" ? `${message.code} ${body}` : body;
  const payload = encoder.encode(text);
  const bytes = new Uint8Array(headerBytes + payload.length);
  bytes[0] = codes[message.kind];
  new DataView(bytes.buffer).setUint32(1, payload.length);
  bytes.set(payload, headerBytes);
  return bytes;
}

/** Puts messages together again from whatever pieces the bytes arrive in. */
export class MessageReader {
  #rest: Uint8Array = new Uint8Array(0);

  /** true when the bytes so far end inside a message. */
  get midMessage(): boolean {
    return this.#rest.length > 0;
  }

  /** The messages that are complete now. */
  read(bytes: Uint8Array): readonly WireMessage[] {
    let data = bytes;
    if (this.#rest.length > 0) {
      data = new Uint8Array(this.#rest.length + bytes.length);
      data.set(this.#rest);
      data.set(bytes, this.#rest.length);
    }
    const messages: WireMessage[] = [];
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    let at = 0;
    while (data.length - at >= headerBytes) {
      const end = at + headerBytes + view.getUint32(at + 1);
      if (end > data.length) break;
      messages.push(decode(view.getUint8(at), data.subarray(at + headerBytes, end)));
      at = end;
    }
    this.#rest = data.subarray(at);
    return messages;
  }
}

function decode(code: number, payload: Uint8Array): WireMessage {
  const kind = kindOf[code];
  const text = decoder.decode(payload);
  switch (kind) {
    case "open":
    case "accept":
    case "text":
      return { kind, text };
    case "ping":
    case "pong":
      return { kind };
    case "close": {
      const space = text.indexOf(" ");
      return { kind, code: Number(text.slice(0, space)), text: text.slice(space + 1) };
    }
    default:
      throw new Error(`no message has the code ${code}`);
  }
}
