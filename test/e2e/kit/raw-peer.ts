import { once } from "node:events";
import { connect, type Socket } from "node:net";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

/** A masked client frame (RFC 6455 §5.2) with every bit as the test wants it. */
export function clientFrame(
  firstByte: number,
  payload: Uint8Array | string,
  options: { readonly masked?: boolean; readonly length?: Buffer } = {},
): Buffer {
  const body = Buffer.from(payload as string);
  const masked = options.masked ?? true;
  const mask = Buffer.of(1, 2, 3, 4);
  const lengthField = options.length ?? lengthOf(body.byteLength);
  lengthField[0] = (lengthField[0] ?? 0) | (masked ? 0x80 : 0);
  const data = masked ? body.map((byte, index) => byte ^ mask[index % 4]!) : body;
  return Buffer.concat([
    Buffer.of(firstByte),
    lengthField,
    masked ? mask : Buffer.alloc(0),
    Buffer.from(data),
  ]);
}

function lengthOf(size: number): Buffer {
  if (size < 126) return Buffer.of(size);
  const field = Buffer.alloc(3);
  field[0] = 126;
  field.writeUInt16BE(size, 1);
  return field;
}

/** A TCP connection that has (perhaps) become a WebSocket, and says what it likes. */
export class RawPeer {
  readonly socket: Socket;
  received = Buffer.alloc(0);
  closed = false;

  constructor(port: number) {
    this.socket = connect(port, "127.0.0.1");
    this.socket.on("data", (chunk) => {
      this.received = Buffer.concat([this.received, chunk]);
    });
    this.socket.on("error", () => {});
    this.socket.on("close", () => {
      this.closed = true;
    });
  }

  /** Connects and sends an upgrade request with further header lines. */
  static async upgrade(
    port: number,
    path = "/ws",
    lines: readonly string[] = [],
  ): Promise<RawPeer> {
    const peer = new RawPeer(port);
    peer.socket.write(
      [
        `GET ${path} HTTP/1.1`,
        "Host: 127.0.0.1",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        `Sec-WebSocket-Key: ${KEY}`,
        ...lines,
        "",
        "",
      ].join("\r\n"),
    );
    await peer.until((text) => text.includes("\r\n\r\n"));
    return peer;
  }

  /** The status of the HTTP answer. */
  get status(): number {
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(this.received.toString("latin1"))?.[1]);
  }

  /** Waits until what was received fits, or the connection ends. */
  async until(condition: (received: string) => boolean): Promise<void> {
    while (!this.closed && !condition(this.received.toString("latin1"))) {
      await Promise.race([once(this.socket, "data"), once(this.socket, "close")]);
    }
  }

  /** Waits for the end of the connection; the close code the server sent, if any. */
  async closeCode(): Promise<number | undefined> {
    if (!this.closed) await once(this.socket, "close");
    const start = this.received.indexOf("\r\n\r\n") + 4;
    let code: number | undefined;
    for (let at = start; at + 2 <= this.received.byteLength; ) {
      const opcode = this.received[at]! & 0x0f;
      let length = this.received[at + 1]! & 0x7f;
      let header = 2;
      if (length === 126) {
        length = this.received.readUInt16BE(at + 2);
        header = 4;
      }
      if (opcode === 8 && length >= 2) code = this.received.readUInt16BE(at + header);
      at += header + length;
    }
    return code;
  }
}
