import {
  copyData,
  type Entrant,
  type EntryMode,
  type EntryOutcome,
  type Registry,
} from "@holdfast/broker/internal";
import type { Failure, Member } from "@holdfast/protocol";
import { failureOf } from "../failures.js";
import type { Parts } from "../parts.js";
import { Held } from "./held.js";
import type { Incarnation } from "./incarnation.js";
import type { Rooms } from "./rooms.js";

/** A gateway's members as the streams have them, under the names of its incarnations. */
export class NatsRegistry implements Registry<Entrant> {
  readonly #parts: Parts;
  readonly #incarnation: Incarnation;
  readonly #rooms: Rooms;
  readonly #held: Held;

  constructor(parts: Parts, incarnation: Incarnation, rooms: Rooms) {
    this.#parts = parts;
    this.#incarnation = incarnation;
    this.#rooms = rooms;
    this.#held = new Held(parts, incarnation);
  }

  entrantOf(member: Member, generation: number): Entrant | undefined {
    const copied = copyData(member);
    return copied === undefined ? undefined : { member: copied.value as Member, generation };
  }

  /** It does not stand if it went to a stream that was lost since, or under a name taken for dead. */
  async enter(channel: string, entrant: Entrant, mode: EntryMode): Promise<EntryOutcome> {
    const { names } = this.#incarnation;
    // Before the member, so that whoever sweeps this incarnation one day finds it.
    const holding = await this.#held.hold(channel);
    const answer = await this.#rooms.enter(channel, entrant, names, mode);
    return { answer, stands: this.#held.stands(channel, holding) };
  }

  leave(channel: string, memberId: string): Promise<void> {
    return this.#rooms.leave(channel, memberId, this.#incarnation.names);
  }

  partOf(channel: string): number {
    return this.#parts.subjects.streamOf(channel);
  }

  forget(stream?: number): void {
    this.#held.forget(stream);
  }

  keep(used: ReadonlySet<string>): Promise<void> {
    return this.#held.keep(used);
  }

  failureOf(error: unknown): Failure {
    return failureOf(error);
  }
}
