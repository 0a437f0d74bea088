import { type Failure, failure } from "@holdfast/protocol";
import type { LogAppend, LogDeletion, LogSnapshotRequest } from "../contract/logs.js";
import { isResourceName } from "../contract/names.js";
import type { MemoryLimits } from "./options.js";

/** What decides about a log's next step. */
export interface LogState {
  /** Highest token seen; 0: none. */
  readonly token: number;
  readonly top: number;
  readonly first: number;
  /** Bytes of the kept entries. */
  readonly bytes: number;
  /** Sequence of the stored snapshot; -1: there is none. */
  readonly snapshotAt: number;
}

/** A log never written to. */
export const freshLog: LogState = { token: 0, top: 0, first: 1, bytes: 0, snapshotAt: -1 };

type Judged = Failure | undefined;

function judgeOwner(log: string, token: number, state: LogState): Judged {
  if (!isResourceName(log)) return failure("invalid_field", undefined, { field: "/log" });
  if (!Number.isSafeInteger(token) || token < 1) {
    return failure("invalid_field", undefined, { field: "/fencingToken" });
  }
  if (token >= state.token) return undefined;
  return failure("fenced", `The log has seen token ${state.token}, and this one is ${token}.`);
}

/** Bytes of all entries. */
export function bytesOfEntries(entries: readonly Uint8Array[]): number {
  return entries.reduce((sum, entry) => sum + entry.length, 0);
}

/** Why an append is refused; undefined: it is not. */
export function judgeAppend(request: LogAppend, state: LogState, limits: MemoryLimits): Judged {
  const { log, fencingToken, expectedSequence, entries } = request;
  const refused = judgeOwner(log, fencingToken, state);
  if (refused !== undefined) return refused;
  if (expectedSequence !== state.top) {
    const message = `The log's newest sequence is ${state.top}, not ${expectedSequence}.`;
    return failure("sequence_mismatch", message);
  }
  if (entries.length > limits.maxLogBatchCount) return failure("too_large");
  if (entries.some((entry) => entry.length > limits.maxEntryBytes)) return failure("too_large");
  if (state.bytes + bytesOfEntries(entries) > limits.maxLogBytes) {
    return failure("limit_exceeded", "The log is full: store a snapshot and trim it.");
  }
  return undefined;
}

/** Why a log's snapshot is refused; undefined: it is not. */
export function judgeLogSnapshot(
  request: LogSnapshotRequest,
  state: LogState,
  limits: MemoryLimits,
): Judged {
  const { log, fencingToken, snapshot, trimThrough } = request;
  const refused = judgeOwner(log, fencingToken, state);
  if (refused !== undefined) return refused;
  const { sequence, bytes } = snapshot;
  if (sequence > state.top || sequence <= state.snapshotAt) {
    const message = `A snapshot at ${sequence} does not lie after ${state.snapshotAt} and up to ${state.top}.`;
    return failure("sequence_mismatch", message);
  }
  if (trimThrough > sequence) return failure("invalid_field", undefined, { field: "/trimThrough" });
  return bytes.length > limits.maxSnapshotBytes ? failure("too_large") : undefined;
}

/** Why a deletion is refused; undefined: it is not. */
export function judgeDeletion({ log, fencingToken }: LogDeletion, state: LogState): Judged {
  return judgeOwner(log, fencingToken, state);
}
