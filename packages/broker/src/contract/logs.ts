import type { Failure } from "@holdfast/protocol";

/** One entry of a fenced log. Its bytes mean nothing to the engine. */
export interface LogEntry {
  /** 1, 2, 3 … per log. */
  readonly sequence: number;
  /** Token of the owner that appended it: after an unknown outcome an owner knows its own by it. */
  readonly fencingToken: number;
  readonly bytes: Uint8Array;
}

/**
 * Appends all entries or none. Judged in this order, and a refusal changes nothing: a token lower
 * than the highest the log has seen is `fenced`; another newest sequence than expected is
 * `sequence_mismatch`. Without entries it only raises the log's token: a new owner begins with
 * that, and nothing of an older one can come after what it reads from then on.
 */
export interface LogAppend {
  readonly log: string;
  /** Sequence of the newest entry; 0: there has been none. */
  readonly expectedSequence: number;
  /** Of the lease that makes the caller the owner; a positive safe integer. */
  readonly fencingToken: number;
  readonly entries: readonly Uint8Array[];
}

/** Where an append ended up: the newest sequence. `failure.unknown`: it may have been carried out. */
export type LogAppended = { readonly ok: true; readonly sequence: number } | Failure;

/** What to read of a log. */
export interface LogQuery {
  readonly log: string;
  readonly after: number;
  readonly maxCount: number;
  /** At least one entry is given whatever its size. */
  readonly maxBytes: number;
}

/** A page of a log; a log never written to is empty at sequence 0 and token 0. */
export interface LogPage {
  /** Newest sequence; 0: there has been none. */
  readonly top: number;
  /** Oldest kept sequence; top + 1 when none is kept. */
  readonly first: number;
  /** Highest token the log has seen. */
  readonly fencingToken: number;
  /** Kept entries after `after`, contiguous from max(after + 1, first), oldest first. */
  readonly entries: readonly LogEntry[];
}

/** The owner's whole state after the entry at `sequence`. */
export interface LogSnapshot {
  readonly sequence: number;
  readonly bytes: Uint8Array;
}

/**
 * Stores a snapshot: `fenced` like an append; `sequence_mismatch` unless its sequence is at most
 * the newest and higher than that of the stored one. A stored one raises the log's token too.
 */
export interface LogSnapshotRequest {
  readonly log: string;
  readonly fencingToken: number;
  readonly snapshot: LogSnapshot;
  /** Entries up to here are dropped in the same step; at most `snapshot.sequence`. 0 keeps all. */
  readonly trimThrough: number;
}

/** A log and the token of the owner that is done with it. */
export interface LogDeletion {
  readonly log: string;
  /**
   * `fenced` like an append. The token is remembered for `fenceWindowMs`, so that no older owner
   * begins the log anew meanwhile.
   */
  readonly fencingToken: number;
}
