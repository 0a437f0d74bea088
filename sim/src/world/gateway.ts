import type { FaultyMemoryBroker } from "@holdfast/broker/testing";
import { type Counter, defaultsOf, type Meter, silentLogger, silentMeter } from "@holdfast/core";
import type { SeededRandom } from "@holdfast/core/testing";
import { metrics, type Settings, settings } from "@holdfast/gateway";
import { createCore, digestOf, type GatewayCore } from "@holdfast/gateway/internal";
import type { AuthorizeHandler, SnapshotHandler } from "@holdfast/protocol";
import { jsonCodec } from "@holdfast/protocol/json";
import type { Link } from "../link/link.js";
import { ServerSocket } from "../net/server-socket.js";
import type { Plan } from "../plan/plan.js";
import { SimProcess } from "../process/process.js";
import { channelKinds, rulesOf } from "../state/kinds.js";
import { contained, pageEntries } from "./contained.js";
import type { Coverage } from "./coverage.js";
import { identityOf } from "./credentials.js";
import type { SharedWorld } from "./shared.js";

/** Small limits, so that a short run meets them; everything else is as delivered. */
export const simSettings: Settings = {
  ...defaultsOf(settings),
  replayPageEntries: pageEntries,
  hubRingEntries: 6,
  maxConcurrentReplays: 4,
  maxOutboundBytes: 32_768,
  maxOutboundMessages: 200,
  unfollowDelayMs: 1_000,
  maxPresenceEventMembers: 3,
  maxStateBytes: 3_200,
  snapshotEveryCount: 4,
  snapshotReuseMs: 200,
};

/** What tokens say; about everything else the application is asked. */
const granted = ["publish", "history", "call"] as const;
const can = Object.fromEntries(channelKinds.map((kind) => [`${kind}:*`, granted]));
const queueName = "socket buffer";

/** What all gateways of a run are made of. */
export interface GatewayDeps {
  readonly world: SharedWorld;
  readonly broker: FaultyMemoryBroker;
  readonly coverage: Coverage;
  readonly plan: Plan;
  readonly snapshot: SnapshotHandler;
  readonly authorize: AuthorizeHandler;
  readonly random: SeededRandom;
}

/** One gateway: a process with the real core, which can be stopped, killed and started anew. */
export class GatewayNode {
  readonly #deps: GatewayDeps;
  readonly #index: number;
  #incarnation = 0;
  #process: SimProcess;
  #core: GatewayCore | undefined;
  #draining = false;
  readonly #links = new Set<Link>();
  #maxBufferedBytes = 0;
  /** Publications that the relay lost and history gave back. */
  #refilled = 0;
  /** Measures what a run wants to know and nothing else. */
  readonly #meter: Meter = {
    ...silentMeter,
    counter: (declaration, labels) => {
      if (declaration === metrics.refilled) return { add: (n = 1) => (this.#refilled += n) };
      return declaration === metrics.snapshots
        ? this.#snapshots(labels?.outcome ?? "")
        : silentMeter.counter(declaration, labels);
    },
  };

  /** Counts snapshots that were stored, and that came too late. */
  #snapshots(outcome: string): Counter {
    const { coverage } = this.#deps;
    if (outcome !== "stored" && outcome !== "overtaken")
      return silentMeter.counter(metrics.snapshots);
    return { add: () => coverage.hit(`snapshot-${outcome}`) };
  }

  constructor(deps: GatewayDeps, index: number) {
    this.#deps = deps;
    this.#index = index;
    this.#process = new SimProcess("", deps.world.clock);
    this.#process.kill();
  }

  get name(): string {
    return `gateway-${this.#index}.${this.#incarnation}`;
  }

  get alive(): boolean {
    return this.#process.alive;
  }

  get running(): boolean {
    return this.#process.running;
  }

  /** A listening socket is there. */
  get listening(): boolean {
    return this.alive && this.#core !== undefined && !this.#draining;
  }

  /** Begins a new incarnation. */
  start(): void {
    // A supervisor's patience with a drain is over when the next incarnation is due.
    if (this.#draining) this.kill();
    if (this.alive) return;
    const { world, broker, coverage, plan, snapshot, authorize, random } = this.#deps;
    this.#incarnation += 1;
    this.#draining = false;
    const process = new SimProcess(this.name, world.clock);
    this.#process = process;
    if (world.engineDown) broker.pause(this.name);
    void createCore({
      gateway: this.name,
      broker: contained(broker, process, coverage),
      clock: process.clock,
      random: random.fork(),
      digest: digestOf,
      logger: world.logger ?? silentLogger,
      meter: this.#meter,
      settings: simSettings,
      channels: rulesOf(plan, snapshot),
      authenticate: ({ token }) => identityOf(token, can),
      authorize,
    }).then((core) => {
      if (process.alive) this.#core = core;
    });
  }

  /** Takes the gateway's end of a new link. */
  accept(link: Link): void {
    const process = this.#process;
    const core = this.#core;
    this.#links.add(link);
    link.attach("up", {
      message: (message) =>
        process.enter(() => {
          if (message.kind !== "open" || core === undefined) return;
          const socket = new ServerSocket(link, process, jsonCodec, true);
          link.send("down", { kind: "accept", text: "holdfast.v1.json" });
          socket.start(core.accept(watched(socket, this), { headers: {} }));
        }),
      reset: () => {},
      drained: () => {},
    });
  }

  /** Publishes as a part of the application that runs in the gateway's process. */
  async publish(channel: string, data: unknown, key: string): ReturnType<GatewayCore["publish"]> {
    return this.#running().publish(channel, { data }, { key });
  }

  /** A request for a channel's state over HTTP. */
  async readState(channel: string, token: string): ReturnType<GatewayCore["readState"]> {
    return this.#running().readState(channel, { token, headers: {} });
  }

  #running(): GatewayCore {
    if (this.#core === undefined) throw new Error(`${this.name} is not listening`);
    return this.#core;
  }

  ended(link: Link): void {
    this.#links.delete(link);
  }

  /** Notes how much a socket holds. */
  sample(bufferedBytes: number): void {
    this.#maxBufferedBytes = Math.max(this.#maxBufferedBytes, bufferedBytes);
  }

  /** SIGKILL: nothing of it ever happens again; its kernel tells the peers. */
  kill(): void {
    if (!this.alive) return;
    this.#process.kill();
    this.#core = undefined;
    this.#deps.broker.crash(this.name);
    for (const link of [...this.#links]) link.abandon("down");
    this.#links.clear();
  }

  /** SIGSTOP; its engine connection is given up by the other side. */
  stop(): void {
    if (!this.running) return;
    this.#process.stop();
    this.#deps.broker.pause(this.name);
  }

  /** SIGCONT. Where its engine connection has held, what it had in hand still reaches the engine. */
  goOn(): void {
    if (!this.alive || this.running) return;
    const { broker, random, world } = this.#deps;
    const reaches = !world.engineDown;
    const hasHeld = random.chance(0.5);
    if (reaches && hasHeld) broker.resume(this.name);
    this.#process.goOn();
    if (reaches && !hasHeld) broker.resume(this.name);
  }

  /** SIGTERM. */
  drain(drainMs: number): void {
    const core = this.#core;
    if (!this.running || core === undefined || this.#draining) return;
    this.#draining = true;
    const process = this.#process;
    void core.close({ drainMs }).then(() => {
      if (this.#process === process) this.kill();
    });
  }

  jumpWall(ms: number): void {
    this.#process.jumpWall(ms);
  }

  /** Records how full its sockets ever were. */
  conclude(): void {
    if (this.#refilled > 0) this.#deps.coverage.hit("refill");
    this.#deps.world.recorder.record({
      kind: "queue",
      owner: `gateway-${this.#index}`,
      queue: queueName,
      value: this.#maxBufferedBytes,
      // The outbox's own bound, what it hands over at once, and one last frame.
      limit: simSettings.maxOutboundBytes + 65_536 + 4_096,
    });
  }
}

/** The socket, and a look at how much it holds after each write. */
function watched(socket: ServerSocket, node: GatewayNode): ServerSocket {
  const write = socket.write.bind(socket);
  socket.write = (frames) => {
    write(frames);
    node.sample(socket.bufferedBytes);
  };
  return socket;
}
