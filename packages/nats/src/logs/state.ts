import type { LogEntry } from "@holdfast/broker";
import { freshLog, type LogState } from "@holdfast/broker/internal";
import type { Step } from "../journal/envelope.js";
import type { JournalType } from "../journal/type.js";

/** A kept entry, and the message it lies in. */
interface Kept {
  readonly entry: LogEntry;
  readonly seq: number;
}

/** A fenced log as its journal has it. */
export interface FencedLog {
  state: LogState;
  kept: Kept[];
  /** Where the owner's state lies. */
  blob: string | undefined;
  /** When it was deleted; its token is remembered for a while. */
  deletedMs: number | undefined;
}

/** What a step does to a log. */
export type LogOp =
  /** Appends entries (base64) under a token; without any it only raises the token. */
  | readonly ["a", number, readonly string[]]
  /** Stores a snapshot: token, sequence, what is trimmed, where it lies. */
  | readonly ["s", number, number, number, string]
  /** Deletes it: token, time. */
  | readonly ["d", number, number];

interface SavedLog {
  readonly state: LogState;
  readonly blob?: string;
  readonly deletedMs?: number;
}

/** About what an entry takes beside its bytes. */
const overheadBytes = 100;

/** Nothing yet. */
export function emptyLog(): FencedLog {
  return { state: freshLog, kept: [], blob: undefined, deletedMs: undefined };
}

/** Logs as journals. */
export const logJournals: JournalType<FencedLog, LogOp> = {
  empty: emptyLog,
  apply: applyToLog,
  save: ({ state, blob, deletedMs }): SavedLog => ({
    state,
    ...(blob !== undefined && { blob }),
    ...(deletedMs !== undefined && { deletedMs }),
  }),
  restore: restoreLog,
  blobs: ({ blob }) => (blob === undefined ? [] : [blob]),
  keep: ({ kept }) => kept[0]?.seq ?? 0,
  begin: () => ({ ops: [] }),
  weigh: ({ state, kept }) => state.bytes + (kept.length + 1) * overheadBytes,
};

function applyToLog(log: FencedLog, op: LogOp, seq: number): void {
  switch (op[0]) {
    case "a":
      append(log, op[1], op[2], seq);
      return;
    case "s": {
      const [, token, snapshotAt, trimThrough, blob] = op;
      const first = Math.max(log.state.first, trimThrough + 1);
      const dropped = log.kept.splice(0, first - log.state.first);
      const bytes = dropped.reduce((sum, { entry }) => sum + entry.bytes.length, 0);
      log.state = { ...log.state, token, first, snapshotAt, bytes: log.state.bytes - bytes };
      log.blob = blob;
      log.deletedMs = undefined;
      return;
    }
    case "d":
      Object.assign(log, emptyLog(), { state: { ...freshLog, token: op[1] }, deletedMs: op[2] });
      return;
  }
}

function append(log: FencedLog, token: number, entries: readonly string[], seq: number): void {
  let { top: sequence, bytes: size } = log.state;
  for (const text of entries) {
    sequence += 1;
    const bytes = new Uint8Array(Buffer.from(text, "base64"));
    size += bytes.length;
    log.kept.push({ entry: { sequence, fencingToken: token, bytes }, seq });
  }
  log.state = { ...log.state, token, top: sequence, bytes: size };
  log.deletedMs = undefined;
}

function restoreLog(saved: unknown, steps: readonly Step[]): FencedLog {
  const { state, blob, deletedMs } = saved as SavedLog;
  const log = emptyLog();
  // As they were numbered: what was appended before the first kept one goes again.
  let sequence = state.top - countOf(steps);
  for (const { seq, envelope } of steps) {
    for (const op of envelope.o as readonly LogOp[]) {
      if (op[0] !== "a") continue;
      for (const text of op[2]) {
        sequence += 1;
        if (sequence < state.first) continue;
        const bytes = new Uint8Array(Buffer.from(text, "base64"));
        log.kept.push({ entry: { sequence, fencingToken: op[1], bytes }, seq });
      }
    }
  }
  return { state, kept: log.kept, blob, deletedMs };
}

function countOf(steps: readonly Step[]): number {
  let count = 0;
  for (const { envelope } of steps) {
    for (const op of envelope.o as readonly LogOp[]) if (op[0] === "a") count += op[2].length;
  }
  return count;
}
