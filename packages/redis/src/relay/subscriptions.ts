import type { Clock } from "@holdfast/core";
import type { Redis } from "ioredis";
import { dropConnection } from "../servers/connect.js";

/** Names in one subscribe command. */
const maxNames = 500;
/** Pause before names that another server has by now are subscribed to again, in milliseconds. */
const movedRetryMs = 250;

/** What a connection for the relay tells. */
export interface SubscriptionsListener {
  onMessage(name: string, payload: Buffer): void;
  /** Everything wanted is subscribed to again after a loss. */
  onRestored(): void;
  /** Some slot is no longer here. */
  onMoved(): void;
}

/** What the connection is made of. */
export interface SubscriptionsOptions {
  readonly client: Redis;
  readonly clock: Clock;
  readonly sharded: boolean;
  /** Names of one command must be of the same group: a cluster's commands may not cross slots. */
  readonly groupOf: (name: string) => string;
  readonly listener: SubscriptionsListener;
}

/** One server's connection for the relay: keeps subscribed what is wanted, whatever happens to it. */
export class Subscriptions {
  readonly #options: SubscriptionsOptions;
  readonly #client: Redis;
  /** What is wanted, to those who wait for the server's confirmation. */
  readonly #wanted = new Map<string, (() => void)[]>();
  /** Asked for on this connection, with the number of the asking: an answer to an earlier one says nothing. */
  #asked = new Map<string, number>();
  #askings = 0;
  /** Confirmed on this connection, and not ended since. */
  readonly #confirmed = new Set<string>();
  #touched = new Set<string>();
  /** Turned away by the server and to be asked for again. */
  readonly #refusedNames = new Set<string>();
  #connection = 0;
  #live = false;
  #lostSome = false;
  #scheduled = false;
  #closed = false;

  constructor(options: SubscriptionsOptions) {
    this.#options = options;
    this.#client = options.client;
    const { listener } = options;
    this.#client.on("error", () => {});
    this.#client.on("ready", () => this.#begin());
    this.#client.on("close", () => this.#lose());
    this.#client.on("end", () => this.#again());
    this.#client.on("moved", () => listener.onMoved());
    const event = options.sharded ? "smessageBuffer" : "messageBuffer";
    this.#client.on(event, (name: Buffer, payload: Buffer) =>
      listener.onMessage(name.toString("utf8"), payload),
    );
    this.#client.connect().catch(() => {});
  }

  /** Everything wanted is subscribed to. */
  get live(): boolean {
    return this.#live;
  }

  /** Calls `confirmed` once the server has confirmed the subscription. */
  want(name: string, confirmed: () => void): void {
    const waiting = this.#wanted.get(name) ?? [];
    this.#wanted.set(name, waiting);
    // Also when it was dropped a moment ago and the server does not know that yet.
    if (this.#confirmed.has(name)) {
      confirmed();
      return;
    }
    waiting.push(confirmed);
    this.#touch(name);
  }

  drop(name: string): void {
    if (this.#wanted.delete(name)) this.#touch(name);
  }

  /** Asks for everything once more: the server may have dropped some of it. */
  askAgain(): void {
    if (!this.#live) return;
    this.#lose();
    this.#begin();
  }

  /** Gives the connection up and makes a new one. */
  restart(): void {
    this.#lose();
    dropConnection(this.#client);
  }

  close(): void {
    this.#closed = true;
    this.#wanted.clear();
    this.#client.disconnect();
  }

  #touch(name: string): void {
    if (!this.#live && this.#client.status !== "ready") return;
    this.#touched.add(name);
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#options.clock.soon(() => {
      this.#scheduled = false;
      this.#send();
    });
  }

  /** Brings what the server was asked for to what is wanted. */
  #send(): void {
    const touched = this.#touched;
    this.#touched = new Set();
    if (this.#closed || this.#client.status !== "ready") return;
    const begin: string[] = [];
    const end: string[] = [];
    for (const name of touched) {
      if (this.#wanted.has(name)) {
        if (!this.#asked.has(name)) begin.push(name);
      } else if (this.#asked.delete(name)) {
        this.#confirmed.delete(name);
        end.push(name);
      }
    }
    for (const names of this.#groups(end)) {
      const done = this.#options.sharded
        ? this.#client.sunsubscribe(...names)
        : this.#client.unsubscribe(...names);
      done.catch(() => {});
    }
    for (const names of this.#groups(begin)) void this.#subscribe(names);
  }

  async #subscribe(names: readonly string[]): Promise<void> {
    const connection = this.#connection;
    this.#askings += 1;
    const asking = this.#askings;
    for (const name of names) this.#asked.set(name, asking);
    try {
      if (this.#options.sharded) await this.#client.ssubscribe(...names);
      else await this.#client.subscribe(...names);
    } catch (error) {
      if (connection === this.#connection) this.#refused(names, error);
      return;
    }
    if (connection !== this.#connection) return;
    this.#confirm(names, asking);
  }

  #confirm(names: readonly string[], asking: number): void {
    let taken = false;
    for (const name of names) {
      taken = this.#refusedNames.delete(name) || taken;
      if (this.#asked.get(name) !== asking) continue;
      this.#confirmed.add(name);
      for (const confirmed of this.#wanted.get(name)?.splice(0) ?? []) confirmed();
    }
    if (taken && this.#refusedNames.size === 0) this.#options.listener.onRestored();
  }

  #refused(names: readonly string[], error: unknown): void {
    for (const name of names) {
      this.#asked.delete(name);
      this.#refusedNames.add(name);
    }
    const moved = error instanceof Error && /^(MOVED|CLUSTERDOWN)\b/.test(error.message);
    if (moved) this.#options.listener.onMoved();
    else dropConnection(this.#client);
    // Those that belong to another server by then have been taken away from here.
    this.#options.clock.after(movedRetryMs, () => {
      for (const name of names) {
        if (this.#wanted.has(name)) this.#touch(name);
        else this.#refusedNames.delete(name);
      }
    });
  }

  #begin(): void {
    this.#connection += 1;
    const connection = this.#connection;
    this.#asked = new Map();
    this.#touched = new Set();
    const names = [...this.#wanted.keys()];
    Promise.all(this.#groups(names).map((group) => this.#subscribe(group))).then(() => {
      if (connection !== this.#connection || this.#closed) return;
      this.#live = true;
      if (this.#lostSome) {
        this.#lostSome = false;
        this.#options.listener.onRestored();
      }
    });
  }

  #lose(): void {
    this.#connection += 1;
    if (this.#live || this.#refusedNames.size > 0) this.#lostSome = true;
    this.#live = false;
    this.#refusedNames.clear();
    this.#confirmed.clear();
  }

  #again(): void {
    if (this.#closed) return;
    this.#options.clock.after(movedRetryMs, () => {
      if (!this.#closed && this.#client.status === "end") this.#client.connect().catch(() => {});
    });
  }

  #groups(names: readonly string[]): string[][] {
    const groups = new Map<string, string[]>();
    const full: string[][] = [];
    for (const name of names) {
      const key = this.#options.groupOf(name);
      const group = groups.get(key) ?? [];
      group.push(name);
      groups.set(key, group);
      if (group.length < maxNames) continue;
      full.push(group);
      groups.delete(key);
    }
    return [...full, ...groups.values()];
  }
}
