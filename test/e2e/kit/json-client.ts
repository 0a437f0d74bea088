import { once } from "node:events";
import { WebSocket } from "ws";
import { keep } from "./emitted.js";

/** A message of the wire, as plain JSON. */
export type Message = Readonly<Record<string, unknown>> & { readonly type: string };

/** How a test client connects. */
export interface DialOptions {
  readonly protocols?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** A client that knows nothing but JSON over a WebSocket: what `docs/protocol.md` says must be enough. */
export class JsonClient {
  readonly socket: WebSocket;
  /** Everything received, in order. */
  readonly messages: Message[] = [];
  closeCode: number | undefined;
  closeReason = "";
  #read = 0;
  #changed: (() => void)[] = [];

  constructor(url: string, options: DialOptions = {}) {
    this.socket = new WebSocket(url, [...(options.protocols ?? [])], {
      headers: { ...options.headers },
    });
    this.socket.on("error", () => {});
    this.socket.on("message", (data) => {
      const read = this.read(data as Buffer);
      this.messages.push(...read);
      for (const each of read) {
        if (each.type === "error" || each.type === "disconnect") keep(JSON.stringify(each));
      }
      this.#wake();
    });
    this.socket.on("close", (code, reason) => {
      this.closeCode = code;
      this.closeReason = String(reason);
      this.#wake();
    });
  }

  /** Connects and waits for the handshake. */
  static async open(url: string, options: DialOptions = {}): Promise<JsonClient> {
    const client = new JsonClient(url, options);
    await once(client.socket, "open");
    return client;
  }

  send(message: unknown): void {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  /** Sends a command and waits for the next message of a type. */
  ask(message: unknown, type: string): Promise<Message> {
    this.send(message);
    return this.next(type);
  }

  /** The next unread message of a type; those before it count as read. Rejects when the socket closes first. */
  async next(type: string): Promise<Message> {
    for (;;) {
      while (this.#read < this.messages.length) {
        const message = this.messages[this.#read++]!;
        if (message.type === type) return message;
      }
      if (this.closeCode !== undefined) {
        throw new Error(`closed with ${this.closeCode} ${this.closeReason} before a ${type}`);
      }
      await this.#change();
    }
  }

  /** Waits until `condition` holds, looking again whenever something arrives. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.#change();
  }

  /** Waits for the end of the connection; the code. */
  async closed(): Promise<number> {
    await this.until(() => this.closeCode !== undefined);
    return this.closeCode!;
  }

  ofType(type: string): Message[] {
    return this.messages.filter((message) => message.type === type);
  }

  /** The messages of a frame. */
  protected read(data: Buffer): readonly Message[] {
    // Without a subprotocol one frame is one JSON text; with one it may be JSON lines.
    const texts = this.socket.protocol === "" ? [String(data)] : String(data).split("\n");
    return texts.map((text) => JSON.parse(text));
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#changed.push(resolve));
  }

  #wake(): void {
    for (const resolve of this.#changed.splice(0)) resolve();
  }
}

/** The HTTP status an upgrade is refused with. */
export async function refusedWith(
  url: string,
  options: DialOptions = {},
): Promise<{ status: number; headers: Record<string, unknown>; body: string }> {
  const socket = new WebSocket(url, [...(options.protocols ?? [])], {
    headers: { ...options.headers },
  });
  socket.on("error", () => {});
  const [, response] = await once(socket, "unexpected-response");
  let body = "";
  for await (const chunk of response) body += chunk;
  keep(JSON.stringify(response.headers) + body);
  return { status: response.statusCode, headers: response.headers, body };
}
