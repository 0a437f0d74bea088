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
  bytesOfEntries,
  freshLog,
  judgeAppend,
  judgeDeletion,
  judgeLogSnapshot,
  type LogState,
} from "./fencing.js";
import type { MemoryLimits } from "./options.js";

interface Log {
  state: LogState;
  entries: LogEntry[];
  snapshot?: LogSnapshot;
}

/** Every fenced log of the engine. */
export class Logs {
  readonly #limits: MemoryLimits;
  #logs = new Map<string, Log>();
  /** Tokens of deleted logs, in order of their deletion. */
  #fences = new Map<string, { readonly token: number; readonly atMs: number }>();

  constructor(limits: MemoryLimits) {
    this.#limits = limits;
  }

  append(request: LogAppend, nowMs: number): LogAppended {
    const state = this.#state(request.log, nowMs);
    const refused = judgeAppend(request, state, this.#limits);
    if (refused !== undefined) return refused;
    const log = this.#open(request.log);
    if (log === undefined) return failure("busy", "The engine holds as many logs as it may.");
    const { entries, fencingToken } = request;
    let sequence = state.top;
    for (const bytes of entries) {
      sequence += 1;
      log.entries.push({ sequence, fencingToken, bytes: bytes.slice() });
    }
    const bytes = state.bytes + bytesOfEntries(entries);
    log.state = { ...state, token: fencingToken, top: sequence, bytes };
    return { ok: true, sequence };
  }

  read(query: LogQuery, nowMs: number): LogPage {
    const { token, top, first } = this.#state(query.log, nowMs);
    const kept = this.#logs.get(query.log)?.entries ?? [];
    const maxCount = Math.min(Math.max(1, query.maxCount), this.#limits.maxPageCount);
    const maxBytes = Math.min(query.maxBytes, this.#limits.maxPageBytes);
    const entries: LogEntry[] = [];
    let bytes = 0;
    for (let at = Math.max(0, query.after + 1 - first); at < kept.length; at += 1) {
      const entry = kept[at];
      if (entry === undefined) break;
      bytes += entry.bytes.length;
      if (entries.length > 0 && (entries.length >= maxCount || bytes > maxBytes)) break;
      entries.push({ ...entry, bytes: entry.bytes.slice() });
    }
    return { top, first, fencingToken: token, entries };
  }

  storeSnapshot(request: LogSnapshotRequest, nowMs: number): Done {
    const state = this.#state(request.log, nowMs);
    const refused = judgeLogSnapshot(request, state, this.#limits);
    if (refused !== undefined) return refused;
    const log = this.#open(request.log);
    if (log === undefined) return failure("busy", "The engine holds as many logs as it may.");
    const { sequence, bytes } = request.snapshot;
    log.snapshot = { sequence, bytes: bytes.slice() };
    const first = Math.max(state.first, request.trimThrough + 1);
    const dropped = log.entries.splice(0, first - state.first);
    log.state = {
      ...state,
      token: request.fencingToken,
      first,
      bytes: state.bytes - bytesOfEntries(dropped.map((entry) => entry.bytes)),
      snapshotAt: sequence,
    };
    return { ok: true };
  }

  loadSnapshot(log: string): LogSnapshot | null | Failure {
    const snapshot = this.#logs.get(log)?.snapshot;
    return snapshot === undefined ? null : { ...snapshot, bytes: snapshot.bytes.slice() };
  }

  delete(deletion: LogDeletion, nowMs: number): Done {
    const { log, fencingToken } = deletion;
    const refused = judgeDeletion(deletion, this.#state(log, nowMs));
    if (refused !== undefined) return refused;
    this.#fences.delete(log);
    if (!this.#logs.delete(log) && this.#full) {
      return failure("busy", "The engine remembers as many logs as it may.");
    }
    this.#fences.set(log, { token: fencingToken, atMs: nowMs });
    return { ok: true };
  }

  /** Forgets the tokens of logs deleted long ago. */
  sweep(nowMs: number): void {
    for (const [name, { atMs }] of this.#fences) {
      if (nowMs - atMs < this.#limits.fenceWindowMs) break;
      this.#fences.delete(name);
    }
  }

  clear(): void {
    this.#logs = new Map();
    this.#fences = new Map();
  }

  get #full(): boolean {
    return this.#logs.size + this.#fences.size >= this.#limits.maxLogs;
  }

  #state(name: string, nowMs: number): LogState {
    this.sweep(nowMs);
    const held = this.#logs.get(name);
    if (held !== undefined) return held.state;
    const token = this.#fences.get(name)?.token;
    return token === undefined ? freshLog : { ...freshLog, token };
  }

  /** The log to be written to; undefined: there is no room for another. */
  #open(name: string): Log | undefined {
    const held = this.#logs.get(name);
    if (held !== undefined) return held;
    if (!this.#fences.delete(name) && this.#full) return undefined;
    const log: Log = { state: freshLog, entries: [] };
    this.#logs.set(name, log);
    return log;
  }
}
