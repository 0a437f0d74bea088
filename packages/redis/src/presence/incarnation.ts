import type { Random } from "@holdfast/core";
import type { Keys } from "../keys.js";
import type { RedisLimits } from "../limits.js";
import { leaseScript } from "../scripts/presence.js";
import { listOf, numberOf, textOf } from "../servers/replies.js";
import type { Servers } from "../servers/servers.js";

const nameLength = 16;
/** Former incarnations whose members this gateway still takes for its own. */
const maxFormers = 8;

/** What the server told of the leases. */
export interface LeaseNews {
  /** The lease stands; otherwise it ran out before it was renewed. */
  readonly stands: boolean;
  /** How long the server has kept the leases without having lost any, in milliseconds. */
  readonly watchedMs: number;
  /** Incarnations whose lease ran out. */
  readonly overdue: readonly string[];
  /** Every incarnation there is, where all were asked for. */
  readonly all: readonly string[];
  /** Those of them whose lease has not run out. */
  readonly alive: readonly string[];
}

/**
 * One life of this gateway as the others know it, with a lease. Members point at it. A lease that
 * was missed is never taken up again: others may be about to remove its members, so the gateway
 * takes a new name and registers them under that.
 */
export class Incarnation {
  readonly #servers: Servers;
  readonly #keys: Keys;
  readonly #limits: RedisLimits;
  readonly #random: Random;
  #name: string;
  #formers: readonly string[] = [];

  constructor(servers: Servers, keys: Keys, limits: RedisLimits, random: Random) {
    this.#servers = servers;
    this.#keys = keys;
    this.#limits = limits;
    this.#random = random;
    this.#name = random.id(nameLength);
  }

  get name(): string {
    return this.#name;
  }

  /** Earlier names, newest first, separated by spaces. */
  get formers(): string {
    return this.#formers.join(" ");
  }

  /** All names it ever had, as far as they are remembered. */
  get names(): string {
    return [this.#name, ...this.#formers].join(" ");
  }

  /** Takes a lease under the name it has. */
  async register(): Promise<void> {
    await this.#ask("register");
  }

  /** Takes a new name and a lease under it. */
  async begin(): Promise<void> {
    this.#formers = [this.#name, ...this.#formers].slice(0, maxFormers);
    this.#name = this.#random.id(nameLength);
    await this.register();
  }

  renew(): Promise<LeaseNews> {
    return this.#ask("renew");
  }

  /** Lets the lease run out now; the members then have the grace period. */
  async end(): Promise<void> {
    await this.#ask("end");
  }

  look(): Promise<LeaseNews> {
    return this.#ask("look");
  }

  async #ask(mode: "register" | "renew" | "end" | "look"): Promise<LeaseNews> {
    const args = [this.#name, mode, this.#limits.presenceLeaseMs];
    const reply = listOf(await this.#servers.run(leaseScript, [this.#keys.leases], args));
    return {
      stands: numberOf(reply[0]) === 1,
      watchedMs: numberOf(reply[1]),
      overdue: listOf(reply[2]).map(textOf),
      all: listOf(reply[3]).map(textOf),
      alive: listOf(reply[4]).map(textOf),
    };
  }
}
