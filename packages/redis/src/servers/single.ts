import { EngineError } from "@holdfast/broker";
import type { Clock, Logger } from "@holdfast/core";
import type { Redis } from "ioredis";
import type { Keys } from "../keys.js";
import type { Script } from "../scripts/script.js";
import { type ConnectOptions, connectSingle, dropConnection } from "./connect.js";
import { checkLayout, inspectServer } from "./inspection.js";
import { Predecessors } from "./predecessors.js";
import { Runner } from "./runner.js";
import type { Argument, Reply, Servers, ServersListener } from "./servers.js";

const place = "server";
/** Pause before a client that has ended is connected again, in milliseconds. */
const retryMs = 500;

/** What the servers of a link are made of. */
export interface ServersOptions extends ConnectOptions {
  readonly keys: Keys;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly listener: ServersListener;
}

/** One server, or whichever one the sentinels call the master. */
export class SingleServers implements Servers {
  readonly callsPerLane = 2;
  readonly #options: ServersOptions;
  readonly #client: Redis;
  readonly #runner: Runner;
  readonly #predecessors = new Predecessors();
  #available = false;
  #sharded = true;
  #checking = 0;
  #closed = false;

  constructor(options: ServersOptions) {
    this.#options = options;
    this.#client = connectSingle(options);
    this.#runner = new Runner(this.#client, () => this.giveUp());
    // Every error is followed by a close, or by the rejection of a command.
    this.#client.on("error", () => {});
    this.#client.on("close", () => this.#lost());
  }

  get available(): boolean {
    return this.#available;
  }

  get sharded(): boolean {
    return this.#sharded;
  }

  async open(): Promise<void> {
    let reason: unknown;
    this.#client.on("error", (error) => {
      reason = error;
    });
    try {
      await this.#client.connect();
    } catch (cause) {
      this.close();
      const detail = reason instanceof Error ? reason.message : String(cause);
      throw new EngineError(`The Redis server cannot be reached: ${detail}.`, { cause });
    }
    try {
      await this.#check();
    } catch (error) {
      this.close();
      throw error;
    }
    this.#client.on("ready", () => this.#back());
    this.#client.on("end", () => this.#again());
    this.#available = true;
  }

  places(): readonly string[] {
    return [place];
  }

  placeOf(): string {
    return place;
  }

  laneOf(): number {
    return 0;
  }

  run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<Reply> {
    return this.#runner.run(script, keys, args);
  }

  command(name: string, ...args: Argument[]): Promise<Reply> {
    return this.#runner.command(name, ...args);
  }

  connection(): Redis {
    return connectSingle(this.#options);
  }

  giveUp(): void {
    this.#lost();
    dropConnection(this.#client);
  }

  lookAgain(): void {}

  close(): void {
    this.#closed = true;
    this.#available = false;
    this.#checking += 1;
    this.#client.disconnect();
  }

  async #check(): Promise<void> {
    const send = (name: string, ...args: Argument[]) => this.#runner.command(name, ...args);
    const facts = await inspectServer(send);
    await this.#predecessors.end(send, facts.runId);
    if (facts.cluster) {
      throw new EngineError("The Redis server is part of a cluster. Use redis+cluster://.");
    }
    this.#sharded = facts.sharded && !this.#options.address.plainPubSub;
    await checkLayout(send, this.#options.keys);
    await this.#runner.load();
  }

  #lost(): void {
    this.#checking += 1;
    if (!this.#available) return;
    this.#available = false;
    this.#options.listener.onAvailability(false);
  }

  /** Connected again, perhaps to another server or to one started anew. */
  #back(): void {
    this.#checking += 1;
    const checking = this.#checking;
    this.#check().then(
      () => {
        if (checking !== this.#checking || this.#available) return;
        this.#available = true;
        this.#options.listener.onAvailability(true);
      },
      (error: unknown) => {
        if (checking !== this.#checking) return;
        const message = error instanceof Error ? error.message : String(error);
        if (error instanceof EngineError) {
          this.#options.logger.error("engine refused", { message });
        }
        dropConnection(this.#client);
      },
    );
  }

  /** ioredis gave up for good, as it does when it finds no sentinel while it is told to let go. */
  #again(): void {
    if (this.#closed) return;
    this.#options.clock.after(retryMs, () => {
      if (!this.#closed && this.#client.status === "end") this.#client.connect().catch(() => {});
    });
  }
}
