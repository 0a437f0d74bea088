import type { Sync } from "./lmdb-store.js";
import type { StoreFact } from "./store-facts.js";

/** What can be seen of a store from outside of it. */
export interface Circumstances {
  /** Names this boot of the machine; undefined: cannot be told. */
  readonly bootId: string | undefined;
  /** Names the file itself, so that a copy of it has another. */
  readonly fileId: string;
  /** Whether the name is seen to stay the same while the file changes; only then it is relied on. */
  readonly isFileIdLasting: boolean;
  /** What lies beside the store and was written at its last opening; undefined: nothing. */
  readonly witness: Witness | undefined;
}

/** Kept beside the store, so that an older copy of the one is found out by the other. */
export interface Witness {
  readonly id: string;
  readonly opened: number;
}

/** Why a store cannot be shown to go on from where it was left. */
export type Discontinuity = "copied" | "older" | "machine-crashed";

/**
 * Finds out whether the store may have lost, or gone back behind, what it acknowledged. What it
 * cannot find out: a whole disk or volume set back to an older state, for then every trace of the
 * newer one is set back too.
 */
export function discontinuityOf(fact: StoreFact, now: Circumstances): Discontinuity | undefined {
  if (fact.fileId !== undefined && fact.fileId !== now.fileId) return "copied";
  const { witness } = now;
  // The store is written first: after a crash between the two it is one opening ahead.
  if (witness === undefined || witness.id !== fact.id) return "copied";
  if (witness.opened > fact.opened) return "older";
  if (fact.sync === "disk" || fact.isClosed) return undefined;
  return fact.bootId !== undefined && fact.bootId === now.bootId ? undefined : "machine-crashed";
}

/** The record of a store that has not been used before. */
export function newFact(
  fresh: { readonly id: string; readonly partitions: number; readonly sync: Sync },
  now: Circumstances,
): StoreFact {
  return { format: 1, ...fresh, generation: 1, opened: 1, isClosed: false, ...seen(now) };
}

/** The record of a store that is opened once more. */
export function nextFact(
  fact: StoreFact,
  now: Circumstances,
  broken: Discontinuity | undefined,
): StoreFact {
  const { bootId: _bootId, fileId: _fileId, ...rest } = fact;
  return {
    ...rest,
    generation: fact.generation + (broken === undefined ? 0 : 1),
    opened: Math.max(fact.opened, now.witness?.opened ?? 0) + 1,
    isClosed: false,
    ...seen(now),
  };
}

function seen(now: Circumstances): Pick<StoreFact, "bootId" | "fileId"> {
  const { bootId, fileId, isFileIdLasting } = now;
  return {
    ...(bootId === undefined ? {} : { bootId }),
    ...(isFileIdLasting ? { fileId } : {}),
  };
}
