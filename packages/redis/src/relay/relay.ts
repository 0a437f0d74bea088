import type { Clock } from "@holdfast/core";
import type { Keys } from "../keys.js";
import type { RedisLimits } from "../limits.js";
import type { Servers } from "../servers/servers.js";
import { Heartbeat } from "./heartbeat.js";
import { Subscriptions } from "./subscriptions.js";

/** What the relay tells. */
export interface RelayListener {
  onMessage(name: string, payload: Buffer): void;
  /** Something may have been lost until now. */
  onGap(): void;
  /** A server answers, or does not. */
  onPlace(place: string, answers: boolean): void;
}

/** What the relay is made of. */
export interface RelayOptions {
  readonly servers: Servers;
  readonly keys: Keys;
  readonly limits: RedisLimits;
  readonly clock: Clock;
  /** Names what this gateway sends itself. */
  readonly incarnation: string;
  readonly listener: RelayListener;
}

interface Place {
  readonly subscriptions: Subscriptions;
  readonly heartbeat: Heartbeat;
}

/** What is followed, at whichever server has it, and a heartbeat through each of them. */
export class Relay {
  readonly #options: RelayOptions;
  readonly #wanted = new Map<number, Map<string, string>>();
  readonly #places = new Map<string, Place>();
  #partitions: (string | undefined)[] = [];
  #closed = false;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.rearrange();
  }

  /** Follows a name of a partition; settles once that is confirmed. */
  want(partition: number, name: string): Promise<void> {
    const names = this.#wanted.get(partition) ?? new Map<string, string>();
    this.#wanted.set(partition, names.set(name, name));
    return new Promise((resolve) => {
      const place = this.#placeOf(partition);
      // Without a server the name is followed as soon as there is one; the wait has a deadline.
      place?.subscriptions.want(name, resolve);
    });
  }

  drop(partition: number, name: string): void {
    const names = this.#wanted.get(partition);
    if (names?.delete(name) && names.size === 0) this.#wanted.delete(partition);
    this.#placeOf(partition)?.subscriptions.drop(name);
  }

  /** Settles when everything sent before has come by every server's connection. */
  async settle(): Promise<void> {
    await Promise.all([...this.#places.values()].map(({ heartbeat }) => heartbeat.roundTrip()));
  }

  /** Partitions have moved between servers, or servers have come or gone. */
  rearrange(): void {
    if (this.#closed) return;
    const { servers, keys } = this.#options;
    const current = new Map<string, number>();
    const partitions: (string | undefined)[] = [];
    for (let partition = 0; partition < keys.partitions; partition += 1) {
      const place = servers.placeOf(partition);
      partitions.push(place);
      if (place !== undefined && !current.has(place)) current.set(place, partition);
    }
    for (const [place, partition] of current) {
      if (!this.#places.has(place)) this.#places.set(place, this.#open(place, partition));
    }
    this.#move(partitions);
    for (const [name, place] of this.#places) {
      const partition = current.get(name);
      if (partition === undefined) this.#shut(name, place);
      else place.heartbeat.useRelay(keys.heartbeatRelay(partition, this.#options.incarnation));
    }
  }

  close(): void {
    this.#closed = true;
    for (const [name, place] of this.#places) this.#shut(name, place);
    this.#wanted.clear();
  }

  #placeOf(partition: number): Place | undefined {
    return this.#places.get(this.#partitions[partition] ?? "");
  }

  #move(partitions: (string | undefined)[]): void {
    const before = this.#partitions;
    this.#partitions = partitions;
    const followed: Promise<void>[] = [];
    for (const [partition, names] of this.#wanted) {
      const [from, to] = [before[partition], partitions[partition]];
      if (from === to) continue;
      for (const name of names.keys()) {
        if (from !== undefined) this.#places.get(from)?.subscriptions.drop(name);
        const place = to === undefined ? undefined : this.#places.get(to);
        if (place !== undefined) {
          followed.push(new Promise((done) => place.subscriptions.want(name, done)));
        }
      }
    }
    if (followed.length === 0) return;
    void Promise.all(followed).then(() => !this.#closed && this.#options.listener.onGap());
  }

  #open(name: string, partition: number): Place {
    const { servers, keys, limits, clock, incarnation, listener } = this.#options;
    const subscriptions = new Subscriptions({
      client: servers.connection(name),
      clock,
      sharded: servers.sharded,
      groupOf: (text) => text.slice(text.indexOf("{"), text.indexOf("}")),
      listener: {
        onMessage: (text, payload) => {
          if (!heartbeat.heard(text, payload)) listener.onMessage(text, payload);
        },
        onRestored: () => listener.onGap(),
        onMoved: () => {
          servers.lookAgain();
          subscriptions.askAgain();
        },
      },
    });
    const heartbeat = new Heartbeat({
      relay: keys.heartbeatRelay(partition, incarnation),
      clock,
      limits,
      publish: (relay, text) =>
        servers.command(servers.sharded ? "SPUBLISH" : "PUBLISH", relay, text),
      subscriptions,
      onAnswer: (answer) => {
        if (answer === "none") servers.giveUp(name);
        // Without any server the place is not to blame.
        if (answer === "done" || servers.available) listener.onPlace(name, answer === "done");
      },
    });
    return { subscriptions, heartbeat };
  }

  #shut(name: string, { subscriptions, heartbeat }: Place): void {
    this.#places.delete(name);
    heartbeat.close();
    subscriptions.close();
    this.#options.listener.onPlace(name, true);
  }
}
