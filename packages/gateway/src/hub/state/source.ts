import type { Entry, Head } from "@holdfast/broker";
import type { Failure, Position, StateMode } from "@holdfast/protocol";

/** A channel's state, and the last publication that it holds the effect of. */
export interface StateAt {
  readonly position: Position;
  readonly state: unknown;
}

/** Where the state of one followed channel comes from. Used only while the channel is followed. */
export interface StateSource {
  readonly mode: StateMode;
  /**
   * Calls back once, at once where it can, with a state after whose position history can be read.
   * Folded states are at least as new as `atLeast`, or of another epoch; everyone who waits is served
   * by one computation.
   */
  take(atLeast: Head | undefined, callback: (found: StateAt | Failure) => void): void;
  /**
   * Decides whether a publication may be added, before it is: what the state could not take in any
   * more must not be acknowledged. Calls back once, with a function to call when its outcome is known.
   */
  admit(data: unknown, callback: (admitted: Admitted | Failure) => void): void;
  /** The channel has come to its next entry. */
  advanced(epoch: string, entry: Entry): void;
  /** The same entries up to the position go on under its epoch. */
  continued(formerEpoch: string, position: Position): void;
  /** The channel is not followed any more. */
  release(): void;
}

/** A publication that may be added. */
export interface Admitted {
  readonly ok: true;
  /** The publish has its outcome. Calling again does nothing. */
  settled(): void;
}
