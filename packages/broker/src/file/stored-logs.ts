import { type Failure, failure } from "@holdfast/protocol";
import type {
  LogAppend,
  LogAppended,
  LogDeletion,
  LogEntry,
  LogPage,
  LogQuery,
  LogSnapshot,
  LogSnapshotRequest,
} from "../contract/logs.js";
import type { Done } from "../contract.js";
import {
  freshLog,
  judgeAppend,
  judgeDeletion,
  judgeLogSnapshot,
  type LogState,
} from "../memory/fencing.js";
import type { MemoryLimits } from "../memory/options.js";
import { Hand } from "./hand.js";
import { idKey, numberKey, textKey } from "./keys.js";
import type { FencedLogRow, Tables } from "./store.js";

/** Trimmed rows cleared away with one write to a log. */
const maxClearedAtOnce = 8;
const totalAt = 8;
const headerBytes = 16;

/** What the logs are made of. */
export interface LogsContext {
  readonly tables: Tables;
  readonly limits: MemoryLimits;
  nextNumber(): number;
  /** The store's time in milliseconds. */
  nowMs(): number;
}

/** Every fenced log of the store. All but reading runs within a transaction. */
export class StoredLogs {
  readonly #context: LogsContext;
  readonly #hand: Hand<FencedLogRow>;

  constructor(context: LogsContext) {
    this.#context = context;
    this.#hand = new Hand(context.tables.logs);
  }

  append(request: LogAppend): LogAppended {
    const row = this.#row(request.log);
    const refused = judgeAppend(request, stateOf(row), this.#context.limits);
    if (refused !== undefined) return refused;
    const log = this.#open(row);
    if (log === undefined) return full();
    const { logEntries } = this.#context.tables;
    let { top, total, bytes } = log;
    for (const entry of request.entries) {
      top += 1;
      total += entry.length;
      bytes += entry.length;
      logEntries.put(numberKey(log.id, top), encode(entry, request.fencingToken, total));
    }
    this.#save(request.log, { ...log, token: request.fencingToken, top, total, bytes });
    return { ok: true, sequence: top };
  }

  read({ log, after, ...query }: LogQuery): LogPage {
    const row = this.#row(log);
    const { top, first, token } = stateOf(row);
    const maxCount = Math.min(Math.max(1, query.maxCount), this.#context.limits.maxPageCount);
    const maxBytes = Math.min(query.maxBytes, this.#context.limits.maxPageBytes);
    const entries: LogEntry[] = [];
    let bytes = 0;
    for (let sequence = Math.max(after + 1, first); sequence <= top; sequence += 1) {
      const { fencingToken, bytes: entry } = this.#entry(row?.id ?? 0, sequence);
      bytes += entry.length;
      if (entries.length > 0 && (entries.length >= maxCount || bytes > maxBytes)) break;
      entries.push({ sequence, fencingToken, bytes: entry });
    }
    return { top, first, fencingToken: token, entries };
  }

  storeSnapshot(request: LogSnapshotRequest): Done {
    const row = this.#row(request.log);
    const refused = judgeLogSnapshot(request, stateOf(row), this.#context.limits);
    if (refused !== undefined) return refused;
    const log = this.#open(row);
    if (log === undefined) return full();
    const { sequence, bytes: state } = request.snapshot;
    this.#context.tables.logSnapshots.put(idKey(log.id), Buffer.from(state));
    const first = Math.max(log.first, request.trimThrough + 1);
    const bytes = first > log.top ? 0 : log.total - this.#totalBefore(log, first);
    const token = request.fencingToken;
    this.#save(request.log, { ...log, token, first, bytes, snapshotAt: sequence });
    return { ok: true };
  }

  loadSnapshot(log: string): LogSnapshot | null | Failure {
    const row = this.#row(log);
    if (row === undefined || row.snapshotAt < 0) return null;
    const bytes = this.#context.tables.logSnapshots.get(idKey(row.id));
    if (bytes === undefined) throw new Error("the store lacks a log's snapshot");
    return { sequence: row.snapshotAt, bytes: new Uint8Array(bytes) };
  }

  delete(deletion: LogDeletion): Done {
    const row = this.#row(deletion.log);
    const refused = judgeDeletion(deletion, stateOf(row));
    if (refused !== undefined) return refused;
    const log = this.#open(row);
    if (log === undefined) return full();
    const { graves, logSnapshots } = this.#context.tables;
    logSnapshots.remove(idKey(log.id));
    graves.put(idKey(log.id), "log");
    const deletedMs = this.#context.nowMs();
    const id = this.#context.nextNumber();
    this.#save(deletion.log, { ...newLog(id), token: deletion.fencingToken, deletedMs });
    return { ok: true };
  }

  /** Names of some logs that have something to forget. */
  overdue(maxRows: number): Buffer[] {
    return this.#hand
      .next(maxRows)
      .filter(({ value }) => value.kept < value.first || this.#isForgotten(value))
      .map(({ key }) => key);
  }

  /** Forgets what there is to forget of a log, a bounded part of it. */
  tend(key: Buffer): void {
    const { tables, limits } = this.#context;
    const row = tables.logs.get(key);
    if (row === undefined) return;
    if (this.#isForgotten(row)) tables.logs.remove(key);
    else tables.logs.put(key, this.#cleared(row, limits.maxSweptChannels));
  }

  #row(log: string): FencedLogRow | undefined {
    const row = this.#context.tables.logs.get(textKey(log));
    return row === undefined || this.#isForgotten(row) ? undefined : row;
  }

  #isForgotten({ deletedMs }: FencedLogRow): boolean {
    if (deletedMs === undefined) return false;
    return this.#context.nowMs() - deletedMs >= this.#context.limits.fenceWindowMs;
  }

  /** The log to be written to; undefined: there is no room for another. */
  #open(row: FencedLogRow | undefined): FencedLogRow | undefined {
    if (row !== undefined) {
      const { deletedMs: _deletedMs, ...log } = row;
      return log;
    }
    const { tables, limits } = this.#context;
    if (tables.logs.count >= limits.maxLogs) return undefined;
    return newLog(this.#context.nextNumber());
  }

  #save(log: string, row: FencedLogRow): void {
    this.#context.tables.logs.put(textKey(log), this.#cleared(row, maxClearedAtOnce));
  }

  #cleared(row: FencedLogRow, maxRows: number): FencedLogRow {
    const kept = Math.min(row.first, row.kept + maxRows);
    for (let sequence = row.kept; sequence < kept; sequence += 1) {
      this.#context.tables.logEntries.remove(numberKey(row.id, sequence));
    }
    return { ...row, kept };
  }

  #totalBefore({ id }: FencedLogRow, sequence: number): number {
    const { total, bytes } = this.#entry(id, sequence);
    return total - bytes.length;
  }

  #entry(id: number, sequence: number): Omit<LogEntry, "sequence"> & { readonly total: number } {
    const row = this.#context.tables.logEntries.get(numberKey(id, sequence));
    if (row === undefined) throw new Error(`the store lacks entry ${sequence} of a log`);
    const fencingToken = row.readDoubleBE(0);
    const total = row.readDoubleBE(totalAt);
    return { fencingToken, total, bytes: new Uint8Array(row.subarray(headerBytes)) };
  }
}

const full = (): Failure => failure("busy", "The engine holds as many logs as it may.");

const newLog = (id: number): FencedLogRow => ({
  id,
  token: 0,
  top: 0,
  first: 1,
  kept: 1,
  total: 0,
  bytes: 0,
  snapshotAt: -1,
});

const stateOf = (row: FencedLogRow | undefined): LogState => row ?? freshLog;

/** Token, bytes of the log's entries up to and with this one, and the entry. */
function encode(entry: Uint8Array, token: number, total: number): Buffer {
  const row = Buffer.allocUnsafe(headerBytes + entry.length);
  row.writeDoubleBE(token, 0);
  row.writeDoubleBE(total, totalAt);
  row.set(entry, headerBytes);
  return row;
}
