import type { Failure, Member } from "@holdfast/protocol";

/**
 * What became of an entry. `other`: a reclaim of somebody whom another gateway has. `fenced`: the
 * member's client has come back since.
 */
export type Entered = "entered" | "full" | "other" | "fenced";

/** Whether another gateway that has the member keeps it: `reclaim` says again what was said before. */
export type EntryMode = "enter" | "reclaim";

/** What the servers said of an entry. */
export interface EntryOutcome {
  readonly answer: Entered;
  /** The servers have it still, as far as is known; otherwise it is to be registered again. */
  readonly stands: boolean;
}

/** A member as a gateway enters it; `generation` counts the connections of its client. */
export interface Entrant {
  readonly member: Member;
  readonly generation: number;
}

/**
 * What the servers are asked and told about the members of one gateway; each in an atomic step of
 * the engine's own.
 */
export interface Registry<Given extends Entrant> {
  /** What is registered of a member; undefined: its data is not a JSON value. */
  entrantOf(member: Member, generation: number): Given | undefined;
  /** Enters or updates a member. */
  enter(channel: string, entrant: Given, mode: EntryMode): Promise<EntryOutcome>;
  /** Takes a member out, unless another gateway has entered it since. */
  leave(channel: string, memberId: string): Promise<void>;
  /** What of the servers' may be lost by itself: the channel's partition or stream. */
  partOf(channel: string): number;
  /** Forgets what the servers were told, of a part or of all. */
  forget(part?: number): void;
  /** Lets go of channels that are not `used`. */
  keep(used: ReadonlySet<string>): Promise<void>;
  /** What a gateway is told of a rejection; throws what is not the servers'. */
  failureOf(error: unknown): Failure;
}
