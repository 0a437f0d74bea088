import type { Entry, Lineage } from "@holdfast/broker";
import type { Outcome } from "@holdfast/broker/internal";
import type { Position } from "@holdfast/protocol";

/** An entry in JSON: raw bytes as base64. */
export type StoredEntry = Omit<Entry, "bytes"> & { readonly b64?: string };

/** An outcome in the least space: epoch, offset, id, digest, time. */
export type StoredOutcome = readonly [string, number, string, string, number];

/** Where a snapshot is and what of. */
export interface SnapshotPlace {
  readonly position: Position;
  readonly blob: string;
}

/** What a step does to a channel. */
export type ChannelOp =
  /** Begins a life without ancestors, with nothing of before. */
  | readonly ["b", string]
  /** Begins an epoch that goes on from what is there. */
  | readonly ["e", string, readonly Lineage[]]
  /** Appends an entry of so many payload bytes, at a time. */
  | readonly ["a", StoredEntry, number, number]
  /** Sets the bounds: count, bytes, age; and 1 where the state is folded from the entries. */
  | readonly ["h", number, number, number, 0 | 1]
  /** Lets the entries before an offset go. */
  | readonly ["t", number]
  /** Remembers a publish key. */
  | readonly ["k", string, StoredOutcome]
  /** Remembers the newest seq of a session: id, generation, seq, outcome, time of use. */
  | readonly ["s", string, number, number, StoredOutcome, number]
  /** Forgets a session. */
  | readonly ["f", string]
  /** Another snapshot stands, or none. */
  | readonly ["x", SnapshotPlace | null];

/** An entry as it is stored. */
export function storedEntry({ bytes, ...entry }: Entry): StoredEntry {
  return bytes === undefined ? entry : { ...entry, b64: Buffer.from(bytes).toString("base64") };
}

/** An entry as it was. */
export function entryOf({ b64, ...entry }: StoredEntry): Entry {
  return b64 === undefined
    ? entry
    : { ...entry, bytes: new Uint8Array(Buffer.from(b64, "base64")) };
}

/** An outcome as it is stored. */
export function storedOutcome({ epoch, offset, id, digest, atMs }: Outcome): StoredOutcome {
  return [epoch, offset, id, digest, atMs];
}

/** An outcome as it was. */
export function outcomeOf([epoch, offset, id, digest, atMs]: StoredOutcome): Outcome {
  return { epoch, offset, id, digest, atMs };
}
