import type { DownMessage } from "@holdfast/protocol";
import { fillingFor } from "./filling.js";
import { openAll } from "./opening.js";
import { benchLimits, connectionsOf } from "./settings.js";
import { type Opened, Wire } from "./wire.js";
import type { Work, WorkOptions } from "./work.js";

/** A request on its way. */
interface Asked {
  readonly dueMs: number;
  readonly leftMs: number;
}

/** Round trips through a gateway: a call of the application's, or the protocol's own `ping`. */
export class EchoWork implements Work {
  readonly #options: WorkOptions;
  readonly #wires: Wire[] = [];
  readonly #filling: string;
  readonly #asked = new Map<number, Asked>();
  #id = 1;

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
    const { settings, platform, tally } = this.#options;
    const wire = this.#wires[number % this.#wires.length];
    if (this.#asked.size >= benchLimits.maxOutstanding) {
      tally.failed("unanswered");
      return;
    }
    this.#id = this.#id >= 4_294_967_295 ? 2 : this.#id + 1;
    const id = this.#id;
    const { method } = settings;
    const leftMs = platform.clock.monoMs();
    const sent = wire?.send(
      method === undefined
        ? { type: "ping", id }
        : { type: "call", id, method, data: this.#filling },
    );
    if (sent !== true) {
      tally.failed("not_connected");
      return;
    }
    this.#asked.set(id, { dueMs, leftMs });
    tally.counts.sent += 1;
    tally.counts.expected += 1;
    tally.left(dueMs, leftMs);
  }

  cut(): void {
    for (const wire of this.#wires) wire.close();
  }

  async miss(): Promise<void> {}

  close(): void {
    this.cut();
  }

  async #open(): Promise<Opened> {
    const { settings, platform, tally } = this.#options;
    const wire = new Wire(settings, platform, {
      message: (message, atMs) => this.#take(message, atMs),
      lost: () => {
        tally.counts.lost += 1;
        tally.counts.opened -= 1;
      },
    });
    const opened = await wire.open();
    if (!opened.ok) return opened;
    tally.counts.opened += 1;
    this.#wires.push(wire);
    return opened;
  }

  #take(message: DownMessage, atMs: number): void {
    if (message.type !== "pong" && message.type !== "result" && message.type !== "error") return;
    const { tally } = this.#options;
    if (message.type === "error") tally.failed(message.code);
    const asked = message.id === undefined ? undefined : this.#asked.get(message.id);
    if (message.id === undefined || asked === undefined) return;
    this.#asked.delete(message.id);
    if (message.type === "error") return;
    tally.counts.answered += 1;
    tally.counts.received += 1;
    tally.arrived(asked.dueMs, asked.leftMs, atMs);
  }
}
