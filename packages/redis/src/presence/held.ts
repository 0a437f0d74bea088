import type { Keys } from "../keys.js";
import { keepHeldScript } from "../scripts/presence.js";
import { listOf, numberOf, textOf } from "../servers/replies.js";
import type { Servers } from "../servers/servers.js";
import type { Incarnation } from "./incarnation.js";

/** Lists of channels of a dead gateway are kept for a day: longer than anyone takes to sweep them. */
const heldMs = 86_400_000;
/** Channels let go of in one step; the others wait for the next. */
const maxReleased = 100;

/** A partition as the servers knew it when they were last asked; another one once they have lost it. */
export interface Holding {
  readonly channels: Set<string>;
  /** Life of the server that has the partition. */
  readonly generation: string;
}

/**
 * The channels that the servers know this incarnation to have members in: whoever sweeps it one day
 * finds its members by them. And how it is found out that the servers have lost members: another
 * life of the server, or a list that is shorter than it was, since both are lost together.
 */
export class Held {
  readonly #servers: Servers;
  readonly #keys: Keys;
  readonly #incarnation: Incarnation;
  readonly #lost: (partition: number) => void;
  readonly #holdings = new Map<number, Holding>();

  /** `lost` hears of partitions of which the servers may have lost members. */
  constructor(
    servers: Servers,
    keys: Keys,
    incarnation: Incarnation,
    lost: (partition: number) => void,
  ) {
    this.#servers = servers;
    this.#keys = keys;
    this.#incarnation = incarnation;
    this.#lost = lost;
  }

  /** Makes the channel known, before it has a member. What it returns stands until the servers lose it. */
  async hold(channel: string): Promise<Holding | undefined> {
    const partition = this.#keys.partitionOf(channel);
    const known = this.#holdings.get(partition);
    if (known?.channels.has(channel) === true) return known;
    const generation = await this.#ask(partition, known, [channel]);
    if (generation === undefined) return undefined;
    const holding = this.#holdings.get(partition) ?? { channels: new Set(), generation };
    this.#holdings.set(partition, holding);
    holding.channels.add(channel);
    return holding;
  }

  /** What was entered under `holding` need not be entered again. */
  stands(channel: string, holding: Holding | undefined): boolean {
    return holding !== undefined && this.#holdings.get(this.#keys.partitionOf(channel)) === holding;
  }

  /** Forgets what the servers were told, of a partition or of all. */
  forget(partition?: number): void {
    if (partition === undefined) this.#holdings.clear();
    else this.#holdings.delete(partition);
  }

  /** Keeps what is `used`, lets go of the rest, and finds out what the servers have lost. */
  async keep(used: ReadonlySet<string>): Promise<void> {
    await Promise.all(
      [...this.#holdings].map(async ([partition, holding]) => {
        const idle = [...holding.channels].filter((channel) => !used.has(channel));
        const released = idle.slice(0, maxReleased);
        await this.#ask(partition, holding, [], released);
      }),
    );
  }

  /** The server's generation; undefined: what is held has changed meanwhile. */
  async #ask(
    partition: number,
    holding: Holding | undefined,
    added: readonly string[],
    released: readonly string[] = [],
  ): Promise<string | undefined> {
    const { name } = this.#incarnation;
    const expected = holding?.channels.size ?? 0;
    // Before they are asked: who enters meanwhile makes the channel known again.
    for (const channel of released) holding?.channels.delete(channel);
    const args = [heldMs, added.length, ...added, ...released];
    const held = this.#keys.held(partition, name);
    const reply = listOf(await this.#servers.run(keepHeldScript, [held], args));
    const now = this.#holdings.get(partition);
    if (name !== this.#incarnation.name || (holding !== undefined && now !== holding)) {
      return undefined;
    }
    const generation = textOf(reply[1]);
    if (numberOf(reply[0]) < expected || (now ?? { generation }).generation !== generation) {
      this.#holdings.delete(partition);
      this.#lost(partition);
    } else if (now?.channels.size === 0 && added.length === 0) this.#holdings.delete(partition);
    return generation;
  }
}
