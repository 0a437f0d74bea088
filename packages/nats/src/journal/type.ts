import type { Random } from "@holdfast/core";
import type { StreamStore } from "../servers/store.js";
import type { BlobStore, Blobs } from "./blobs.js";
import type { Step } from "./envelope.js";

/** What a journal is the history of. */
export interface JournalType<State, Op> {
  /** The state before the first operation. */
  empty(): State;
  /** Carries an operation out that was decided in the message at `seq`. */
  apply(state: State, op: Op, seq: number): void;
  /** The state as JSON, without what lies in messages from `keep` on. */
  save(state: State): unknown;
  /** The state again; `steps` are the messages from `keep` to before it was saved. */
  restore(saved: unknown, steps: readonly Step[]): State;
  /** Oldest message whose content the state does not carry; 0: none. */
  keep(state: State): number;
  /** What makes it whole again: where there is none yet, or where something may have been lost. */
  begin(state: State | undefined): Decided<Op>;
  /** What can be known of the state without folding it. */
  head?(state: State): unknown;
  /** Things outside of the journal that the state names. */
  blobs?(state: State): readonly string[];
  /** About how many bytes it takes. */
  weigh(state: State): number;
}

/** What one step is to do. */
export interface Decided<Op> {
  readonly ops: readonly Op[];
  /** What can be known of the state afterwards without folding it. */
  readonly head?: unknown;
}

/** A decision on a state: what to do, and what its asker is told once that is stored. */
export interface Decision<Op, Result> extends Decided<Op> {
  readonly result: Result;
  /** With nothing to store. false: on a newer state it might be otherwise; it is taken again on the newest. */
  readonly sure: boolean;
}

/** What of a stream's store journals need. */
export type JournalStore = BlobStore & Pick<StreamStore, "generation" | "renew" | "at" | "range">;

/** What journals are made of. */
export interface JournalParts {
  readonly store: JournalStore;
  readonly subject: string;
  readonly random: Random;
  readonly blobs: Blobs;
  readonly nowMs: () => number;
  /** Messages after which the next carries a checkpoint. */
  readonly checkpointCount: number;
}
