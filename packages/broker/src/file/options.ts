import { type Clock, integer, type Logger, type OptionValues, type Random } from "@holdfast/core";
import { resolveEngineLimits } from "../engine/limits.js";
import { type MemoryLimits, memoryLimits } from "../memory/options.js";
import type { Sync } from "./lmdb-store.js";

/** The file engine's limits: those of the memory engine, and those of a store. */
export const fileLimits = {
  ...memoryLimits,
  maxStoreBytes: integer(68_719_476_736, {
    unit: "bytes",
    min: 1_048_576,
    description:
      "Size of the store; past it publishes are refused as `busy` until time or trimming has freed some. The file itself never shrinks.",
  }),
  maxBatchCount: integer(1_000, {
    unit: "count",
    min: 1,
    description: "Operations that share one transaction and its flush.",
  }),
  maxWaitingCount: integer(100_000, {
    unit: "count",
    min: 1,
    description: "Operations that may wait to be written; more are refused as `busy`.",
  }),
} as const;

/** Resolved limits of the file engine. */
export type FileLimits = OptionValues<typeof fileLimits>;

/** What the file engine is made of; every limit of `fileLimits` can be set. */
export interface FileBrokerOptions extends Partial<MemoryLimits>, Partial<FileLimits> {
  /** Folder of the store; made if it is not there. */
  readonly folder: string;
  /**
   * `disk` (default): acknowledged is on the disk. `system`: acknowledged is with the operating
   * system, which flushes it soon after; a crash of the machine may lose the newest entries, and
   * then every channel begins a new epoch.
   */
  readonly sync?: Sync;
  readonly clock: Clock;
  readonly random: Random;
  /** Hears of what goes wrong with the store and of listeners that throw. Default: silent. */
  readonly logger?: Logger;
}

/** The limits with defaults filled in; throws RangeError naming a limit that is out of range. */
export function resolveFileLimits(given: Partial<FileLimits>): FileLimits {
  return resolveEngineLimits(fileLimits, given);
}
