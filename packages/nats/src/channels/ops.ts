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

/** An entry, its payload's bytes, a time; the payload's digest, publish key; session's id, generation, seq. */
export type Published = readonly [
  "p",
  StoredEntry,
  number,
  number,
  string,
  string | null,
  string | null,
  number,
  number,
];

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
  /** Appends likewise, and remembers what it was published with. */
  | Published
  /** Remembers the newest seq of a session, a repeat: id, generation, seq, outcome, time of use. */
  | readonly ["s", string, number, number, StoredOutcome, number]
  /** Forgets a session. */
  | readonly ["f", string]
  /** Another snapshot stands, or none. */
  | readonly ["x", SnapshotPlace | null];

/** An entry as it is stored: itself, unless it holds raw bytes. */
export function storedEntry(entry: Entry): StoredEntry {
  if (entry.bytes === undefined) return entry;
  const { bytes, ...rest } = entry;
  return { ...rest, b64: Buffer.from(bytes).toString("base64") };
}

/** An entry as it was. */
export function entryOf(stored: StoredEntry): Entry {
  if (stored.b64 === undefined) return stored;
  const { b64, ...rest } = stored;
  return { ...rest, bytes: new Uint8Array(Buffer.from(b64, "base64")) };
}

/** The entry that an operation appends. */
export function appended(op: ChannelOp): StoredEntry | undefined {
  return op[0] === "a" || op[0] === "p" ? op[1] : undefined;
}

/** An outcome as it is stored. */
export function storedOutcome({ epoch, offset, id, digest, atMs }: Outcome): StoredOutcome {
  return [epoch, offset, id, digest, atMs];
}

/** An outcome as it was. */
export function outcomeOf([epoch, offset, id, digest, atMs]: StoredOutcome): Outcome {
  return { epoch, offset, id, digest, atMs };
}
