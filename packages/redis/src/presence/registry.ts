import {
  digest,
  type EntryMode,
  type EntryOutcome,
  type Registry,
} from "@holdfast/broker/internal";
import type { Failure, Member } from "@holdfast/protocol";
import { failureOf } from "../failures.js";
import type { Keys } from "../keys.js";
import type { Held } from "./held.js";
import type { Incarnation } from "./incarnation.js";
import type { EncodedEntrant, Rooms } from "./rooms.js";

/** What a registry is made of. */
export interface RegistryOptions {
  readonly keys: Keys;
  readonly incarnation: Incarnation;
  readonly rooms: Rooms;
  readonly held: Held;
}

/** A gateway's members as the servers have them, under the names of its incarnations. */
export class RedisRegistry implements Registry<EncodedEntrant> {
  readonly #options: RegistryOptions;

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  entrantOf({ id, user, data }: Member, generation: number): EncodedEntrant | undefined {
    try {
      const text = JSON.stringify({ id, user, data });
      const sum = digest({ data: JSON.parse(text) });
      return { member: JSON.parse(text), digest: sum, text, generation };
    } catch {
      return undefined;
    }
  }

  /** It does not stand if it went to a server that has lost it since, or under a name taken for dead. */
  async enter(channel: string, entrant: EncodedEntrant, mode: EntryMode): Promise<EntryOutcome> {
    const { held, rooms, incarnation } = this.#options;
    const { name, formers } = incarnation;
    // Before the member, so that whoever sweeps this incarnation one day finds it.
    const holding = await held.hold(channel);
    const answer = await rooms.enter(channel, entrant, { name, formers }, mode);
    return { answer, stands: held.stands(channel, holding) };
  }

  leave(channel: string, memberId: string): Promise<void> {
    const { rooms, incarnation } = this.#options;
    return rooms.leave(channel, memberId, incarnation.names);
  }

  partOf(channel: string): number {
    return this.#options.keys.partitionOf(channel);
  }

  forget(partition?: number): void {
    this.#options.held.forget(partition);
  }

  keep(used: ReadonlySet<string>): Promise<void> {
    return this.#options.held.keep(used);
  }

  failureOf(error: unknown): Failure {
    return failureOf(error);
  }
}
