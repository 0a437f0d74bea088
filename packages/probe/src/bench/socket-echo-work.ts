import type { Socket } from "@holdfast/client/internal";
import type { Payload } from "@holdfast/protocol";
import { filled, fillingFor, timesOf } from "./filling.js";
import { openAll } from "./opening.js";
import { connectionsOf } from "./settings.js";
import type { Opened } from "./wire.js";
import type { Work, WorkOptions } from "./work.js";

/** Round trips through any server that sends each message back: what a plain WebSocket can do here. */
export class SocketEchoWork implements Work {
  readonly #options: WorkOptions;
  readonly #sockets: Socket[] = [];
  readonly #filling: string;

  constructor(options: WorkOptions) {
    this.#options = options;
    this.#filling = fillingFor(options.settings.payloadBytes);
  }

  open(): Promise<readonly string[]> {
    const { settings, share, platform } = this.#options;
    const opens = connectionsOf(settings, share).map(() => () => this.#open());
    return openAll(platform.clock, opens, settings.opensPerSecond / share.of);
  }

  act(dueMs: number, number: number): void {
    const { platform, tally } = this.#options;
    const socket = this.#sockets[number % this.#sockets.length];
    if (socket === undefined) {
      tally.failed("not_connected");
      return;
    }
    const leftMs = platform.clock.monoMs();
    socket.send(JSON.stringify(filled(dueMs, leftMs, this.#filling)));
    tally.counts.sent += 1;
    tally.counts.expected += 1;
    tally.left(dueMs, leftMs);
  }

  cut(): void {
    for (const socket of this.#sockets) socket.drop();
  }

  async miss(): Promise<void> {}

  close(): void {
    this.cut();
  }

  #open(): Promise<Opened> {
    const { settings, platform, tally } = this.#options;
    return new Promise((resolve) => {
      let isOpen = false;
      const socket = platform.openSocket(settings.url, [], {
        onOpen: () => {
          isOpen = true;
          tally.counts.opened += 1;
          this.#sockets.push(socket);
          resolve({ ok: true });
        },
        onMessage: (payload) => this.#take(payload),
        onClose: (code) => {
          if (isOpen) this.#lost(socket);
          else resolve({ ok: false, code: String(code), retryAfterMs: 1_000 });
        },
      });
    });
  }

  #lost(socket: Socket): void {
    const { counts } = this.#options.tally;
    counts.lost += 1;
    counts.opened -= 1;
    this.#sockets.splice(this.#sockets.indexOf(socket), 1);
  }

  #take(payload: Payload): void {
    const { platform, tally } = this.#options;
    const nowMs = platform.clock.monoMs();
    const times = timesOf(read(payload));
    if (times === undefined) return;
    tally.counts.answered += 1;
    tally.counts.received += 1;
    tally.arrived(times.dueMs, times.leftMs, nowMs);
  }
}

function read(payload: Payload): unknown {
  try {
    return JSON.parse(typeof payload === "string" ? payload : new TextDecoder().decode(payload));
  } catch {
    // Something the server says of its own accord.
    return undefined;
  }
}
