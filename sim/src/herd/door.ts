import type { MemoryBroker } from "@holdfast/broker";
import type { SocketEvents } from "@holdfast/client/internal";
import { type Clock, type Meter, silentLogger, silentMeter } from "@holdfast/core";
import type { SeededRandom } from "@holdfast/core/testing";
import { metrics, type Settings } from "@holdfast/gateway";
import { createCore, digestOf, type GatewayCore } from "@holdfast/gateway/internal";
import { jsonCodec } from "@holdfast/protocol/json";
import { LeanSocket } from "./lean-socket.js";

const abnormal = 1006;

/** What a gateway of the herd is made of. */
export interface DoorOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly random: SeededRandom;
  readonly broker: MemoryBroker;
  readonly settings: Settings;
  readonly latencyMs: number;
}

/** What happened at the doors. */
export interface DoorWatch {
  /** A connection was taken. */
  taken(door: string): void;
  /** A connection was turned away, with the time to wait where a time was told. */
  turnedAway(waitMs: number | undefined): void;
  /** A subscription was resumed. */
  resumed(door: string): void;
  /** A subscribe was told to ask again later. */
  putOff(): void;
}

/** The gateway's own counts of what it resumed and refused. */
function meterFor(door: string, watch: DoorWatch): Meter {
  return {
    ...silentMeter,
    counter: (declaration, labels) => {
      const { outcome, code } = labels ?? {};
      if (declaration === metrics.subscribes && outcome === "resumed") {
        return { add: () => watch.resumed(door) };
      }
      if (declaration === metrics.errors && code === "busy") return { add: () => watch.putOff() };
      return silentMeter.counter(declaration, labels);
    },
  };
}

/** One gateway: the real core behind a door that says what the real one says. */
export class Door {
  readonly name: string;
  readonly #options: DoorOptions;
  readonly #watch: DoorWatch;
  readonly #core: GatewayCore;
  readonly #sockets = new Set<LeanSocket>();
  #state: "open" | "draining" | "gone" = "open";

  static async open(options: DoorOptions, watch: DoorWatch): Promise<Door> {
    const { broker, clock, name, random, settings } = options;
    const core = await createCore({
      gateway: name,
      broker,
      clock,
      random,
      digest: digestOf,
      logger: silentLogger,
      meter: meterFor(name, watch),
      settings,
      channels: { "room:*": { history: { maxCount: 100 } } },
      anonymous: { "room:*": ["subscribe"] },
    });
    return new Door(options, watch, core);
  }

  private constructor(options: DoorOptions, watch: DoorWatch, core: GatewayCore) {
    this.name = options.name;
    this.#options = options;
    this.#watch = watch;
    this.#core = core;
  }

  /** A balancer sends connections here. */
  get listening(): boolean {
    return this.#state === "open";
  }

  get connectionCount(): number {
    return this.#core.connectionCount;
  }

  /** A client dials; the order of the questions is that of the gateway's upgrade door. */
  dial(client: SocketEvents): LeanSocket {
    const { clock, latencyMs } = this.#options;
    const socket = new LeanSocket(clock, latencyMs, jsonCodec, client);
    clock.after(latencyMs, () => {
      const waitMs = this.#core.acceptWaitMs();
      if (this.#state !== "open" || waitMs > 0) {
        // HTTP 503 with Retry-After; a WebSocket client is told of it as of any failure.
        this.#watch.turnedAway(this.#state === "open" ? waitMs : undefined);
        clock.after(latencyMs, () => client.onClose(abnormal, ""));
        return;
      }
      this.#watch.taken(this.name);
      this.#sockets.add(socket);
      socket.start(this.#core.accept(socket, { headers: {} }));
    });
    return socket;
  }

  /** SIGKILL. */
  kill(): void {
    this.#state = "gone";
    for (const socket of this.#sockets) socket.cut();
  }

  /** SIGTERM. */
  drain(drainMs: number): void {
    this.#state = "draining";
    void this.#core.close({ drainMs });
  }
}
