import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { onEnd } from "./gateway.js";
import type { Message } from "./json-client.js";

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
  if (size > 0xffff) throw new Error("the frames of these tests are at most 65,535 bytes");
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
    // Nobody here answers a close frame, and the gateway's end would wait for it.
    onEnd(() => void this.socket.destroy());
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

  /** Sends one text frame. */
  sendText(text: string): void {
    this.socket.write(clientFrame(0x81, text));
  }

  /** Sends one command in a text frame. */
  send(command: unknown): void {
    this.sendText(JSON.stringify(command));
  }

  /** The header of the HTTP answer, up to its empty line. */
  get head(): string {
    return this.received.subarray(0, this.#frameStart).toString("latin1");
  }

  /** The server's whole frames so far. */
  get frames(): ServerFrame[] {
    return framesIn(this.received.subarray(this.#frameStart));
  }

  /** Payloads of the server's data frames, each as it stands. */
  get texts(): string[] {
    return this.frames.filter(({ opcode }) => opcode === 1).map(({ payload }) => String(payload));
  }

  /** Every line of every data frame, parsed. */
  get messages(): Message[] {
    return this.texts.flatMap((text) => text.split("\n")).map((line) => JSON.parse(line));
  }

  /** Waits until so many messages of a type have come; they are the result. */
  async take(type: string, count = 1): Promise<Message[]> {
    const found = () => this.messages.filter((message) => message.type === type);
    await this.until(() => found().length >= count);
    if (found().length < count) throw new Error(`closed before ${count} of ${type}`);
    return found();
  }

  /** Waits for the end of the connection; the close code the server sent, if any. */
  async closeCode(): Promise<number | undefined> {
    if (!this.closed) await once(this.socket, "close");
    const close = this.frames.find(({ opcode, payload }) => opcode === 8 && payload.length >= 2);
    return close?.payload.readUInt16BE(0);
  }

  get #frameStart(): number {
    return this.received.indexOf("\r\n\r\n") + 4;
  }
}

/** A frame of the server (RFC 6455 §5.2). */
export interface ServerFrame {
  readonly fin: boolean;
  readonly opcode: number;
  readonly payload: Buffer;
}

function framesIn(bytes: Buffer): ServerFrame[] {
  const frames: ServerFrame[] = [];
  for (let at = 0; at + 2 <= bytes.byteLength; ) {
    const first = bytes[at]!;
    let length = bytes[at + 1]! & 0x7f;
    let header = 2;
    if (length === 126 && at + 4 <= bytes.byteLength) {
      length = bytes.readUInt16BE(at + 2);
      header = 4;
    } else if (length === 127 && at + 10 <= bytes.byteLength) {
      length = Number(bytes.readBigUInt64BE(at + 2));
      header = 10;
    }
    const end = at + header + length;
    if (end > bytes.byteLength) break;
    const payload = bytes.subarray(at + header, end);
    frames.push({ fin: (first & 0x80) !== 0, opcode: first & 0x0f, payload });
    at = end;
  }
  return frames;
}
