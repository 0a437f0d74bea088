import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { type WebSocket, WebSocketServer } from "ws";
import { onEnd } from "./gateway.js";
import type { Message } from "./json-client.js";

/** Says what the test wants to each command; it is no gateway. */
export type Script = (command: Message, say: (message: unknown) => void) => void;

/** A server of another version: greets every `connect`, and leaves all else to the script. */
export class ScriptedServer {
  /** Every command received, of all connections. */
  readonly commands: Message[] = [];
  readonly #server: WebSocketServer;
  #sockets: WebSocket[] = [];

  private constructor(server: WebSocketServer, script: Script) {
    this.#server = server;
    server.on("connection", (socket) => {
      this.#sockets.push(socket);
      const say = (message: unknown) => socket.send(JSON.stringify(message));
      socket.on("message", (data) => {
        for (const line of String(data).split("\n")) {
          const command: Message = JSON.parse(line);
          this.commands.push(command);
          if (command.type === "connect") say(greeting(command.id));
          else script(command, say);
        }
      });
    });
  }

  static async start(script: Script): Promise<ScriptedServer> {
    const server = new WebSocketServer({
      port: 0,
      host: "127.0.0.1",
      handleProtocols: (names) => [...names].find((name) => name === "holdfast.v1.json") ?? false,
    });
    await once(server, "listening");
    const scripted = new ScriptedServer(server, script);
    onEnd(() => {
      for (const socket of scripted.#sockets) socket.terminate();
      server.close();
    });
    return scripted;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/ws`;
  }

  /** Says something to every connection, unasked. */
  push(message: unknown): void {
    for (const socket of this.#sockets) socket.send(JSON.stringify(message));
  }

  /** Sends advice and closes, as a gateway does. */
  closeAll(code: number, reason: string, advice?: unknown): void {
    for (const socket of this.#sockets.splice(0)) {
      if (advice !== undefined) socket.send(JSON.stringify(advice));
      socket.close(code, reason);
    }
  }
}

const greeting = (id: unknown) => ({
  type: "connected",
  ...(id === undefined ? {} : { id }),
  member: "m-1",
  features: [],
  pingIntervalMs: 0,
  pongTimeoutMs: 10_000,
  maxMessageBytes: 65_536,
  keyWindowMs: 60_000,
  timeMs: 1_893_456_000_000,
});
