import { EngineError } from "@holdfast/broker";
import { type Cluster, Redis } from "ioredis";
import type { Keys } from "../keys.js";
import type { Script } from "../scripts/script.js";
import { slotOf } from "../tags.js";
import { connectCluster, connectionOptions, dropConnection } from "./connect.js";
import { checkLayout, inspectServer } from "./inspection.js";
import { Runner } from "./runner.js";
import type { Argument, Reply, Servers } from "./servers.js";
import type { ServersOptions } from "./single.js";

/** The masters of a cluster. ioredis knows who has which slot and goes where it is sent. */
export class ClusterServers implements Servers {
  /** A call that is sent on to another server may be overtaken by the next. */
  readonly callsPerLane = 1;
  readonly sharded = true;
  readonly #options: ServersOptions;
  readonly #keys: Keys;
  readonly #client: Cluster;
  readonly #runner: Runner;
  readonly #inspected = new Set<string>();
  #available = false;
  #places = "";

  constructor(options: ServersOptions) {
    this.#options = options;
    this.#keys = options.keys;
    this.#client = connectCluster(options);
    this.#runner = new Runner(this.#client, () => this.lookAgain());
    this.#client.on("error", () => {});
    this.#client.on("node error", () => {});
  }

  get available(): boolean {
    return this.#available;
  }

  async open(): Promise<void> {
    try {
      await this.#client.connect();
    } catch (cause) {
      this.close();
      const detail = cause instanceof Error ? cause.message : String(cause);
      throw new EngineError(`The Redis cluster cannot be reached: ${detail}.`, { cause });
    }
    try {
      await this.#inspect();
      const send = (name: string, ...args: Argument[]) => this.#runner.command(name, ...args);
      await checkLayout(send, this.#keys);
      await this.#runner.load();
    } catch (error) {
      this.close();
      throw error;
    }
    this.#available = true;
    this.#places = this.#layout();
    this.#client.on("refresh", () => this.#refreshed());
    this.#client.on("ready", () => this.#set(true));
    this.#client.on("close", () => this.#set(false));
  }

  places(): readonly string[] {
    const places = new Set<string>();
    for (let partition = 0; partition < this.#keys.partitions; partition += 1) {
      const place = this.placeOf(partition);
      if (place !== undefined) places.add(place);
    }
    return [...places];
  }

  placeOf(partition: number): string | undefined {
    return this.#client.slots[slotOf(this.#keys.tag(partition))]?.[0];
  }

  laneOf(partition: number): number {
    return partition;
  }

  run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<Reply> {
    return this.#runner.run(script, keys, args);
  }

  command(name: string, ...args: Argument[]): Promise<Reply> {
    return this.#runner.command(name, ...args);
  }

  connection(place: string): Redis {
    const colon = place.lastIndexOf(":");
    const [host, port] = [place.slice(0, colon), Number(place.slice(colon + 1))];
    return new Redis({ ...connectionOptions(this.#options), host, port });
  }

  giveUp(place: string): void {
    const node = this.#nodes().get(place);
    if (node !== undefined) dropConnection(node);
    this.lookAgain();
  }

  lookAgain(): void {
    if (this.#client.status === "ready") this.#client.refreshSlotsCache();
  }

  close(): void {
    this.#available = false;
    this.#client.disconnect();
  }

  #nodes(): ReadonlyMap<string, Redis> {
    const nodes = this.#client.nodes("master");
    return new Map(nodes.map((node) => [`${node.options.host}:${node.options.port}`, node]));
  }

  /** Looks at the masters not looked at before. One that will not do refuses the engine at start-up. */
  async #inspect(): Promise<void> {
    for (const [place, node] of this.#nodes()) {
      if (this.#inspected.has(place)) continue;
      const runner = new Runner(node, () => {});
      const facts = await inspectServer((...args) => runner.command(...args));
      if (!facts.sharded) {
        throw new EngineError(
          `A server of the Redis cluster has version ${facts.version}, which cannot publish within a shard. A cluster needs Redis 7 or Valkey; a single server or one with sentinels may be older.`,
        );
      }
      this.#inspected.add(place);
    }
  }

  #refreshed(): void {
    this.#inspect().catch((error: unknown) => {
      if (!(error instanceof EngineError)) return;
      this.#options.logger.error("engine refused", { message: error.message });
    });
    const places = this.#layout();
    if (places === this.#places) return;
    this.#places = places;
    this.#options.listener.onPlaces();
  }

  #layout(): string {
    const places: string[] = [];
    for (let partition = 0; partition < this.#keys.partitions; partition += 1) {
      places.push(this.placeOf(partition) ?? "");
    }
    return places.join();
  }

  #set(available: boolean): void {
    if (available === this.#available) return;
    this.#available = available;
    this.#options.listener.onAvailability(available);
  }
}
