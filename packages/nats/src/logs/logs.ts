import type {
  Done,
  LogAppend,
  LogAppended,
  LogDeletion,
  LogEntry,
  LogPage,
  LogQuery,
  LogSnapshot,
  LogSnapshotRequest,
} from "@holdfast/broker";
import { isResourceName } from "@holdfast/broker";
import {
  bytesOfEntries,
  freshLog,
  judgeAppend,
  judgeDeletion,
  judgeLogSnapshot,
  type LogState,
} from "@holdfast/broker/internal";
import { type Failure, failure } from "@holdfast/protocol";
import { failureOf, wrong } from "../failures.js";
import { mayBeNamed } from "../journal/blobs.js";
import { Shelf } from "../journal/shelf.js";
import type { Parts } from "../parts.js";
import { type FencedLog, type LogOp, logJournals } from "./state.js";

const maxLoads = 4;

/** Fenced logs: one journal for each. */
export class Logs {
  readonly shelf: Shelf<FencedLog, LogOp>;
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.shelf = new Shelf({ ...parts, type: logJournals, kind: "l" });
  }

  async append(request: LogAppend): Promise<LogAppended> {
    const { log, fencingToken, entries } = request;
    const { limits } = this.#parts;
    const misnamed = judgeAppend(
      { ...request, expectedSequence: 0, entries: [] },
      freshLog,
      limits,
    );
    if (misnamed !== undefined) return misnamed;
    if (bytesOfEntries(entries) > limits.maxLogBatchBytes) return failure("too_large");
    const texts = entries.map((entry) => Buffer.from(entry).toString("base64"));
    try {
      return await this.shelf.of(log).transact<LogAppended>((held) => {
        const state = this.#stateOf(held);
        const refused = judgeAppend(request, state, limits);
        if (refused !== undefined) return { ops: [], result: refused, sure: false };
        const result = { ok: true, sequence: state.top + entries.length } as const;
        const idle = entries.length === 0 && fencingToken === held.state.token;
        const ops: LogOp[] = idle ? [] : [["a", fencingToken, texts]];
        return { ops, result, sure: !idle };
      });
    } catch (error) {
      return failureOf(error);
    }
  }

  async read({ log, after, maxCount, maxBytes }: LogQuery): Promise<LogPage | Failure> {
    if (!isResourceName(log)) return wrong("/log");
    const { maxPageCount, maxPageBytes } = this.#parts.limits;
    const mostCount = Math.min(Math.max(1, maxCount), maxPageCount);
    const mostBytes = Math.min(maxBytes, maxPageBytes);
    try {
      const held = await this.shelf.of(log).fresh();
      const { top, first, token } = this.#stateOf(held);
      const entries: LogEntry[] = [];
      let bytes = 0;
      for (const { entry } of held.kept.slice(Math.max(0, after + 1 - first))) {
        bytes += entry.bytes.length;
        if (entries.length > 0 && (entries.length >= mostCount || bytes > mostBytes)) break;
        entries.push({ ...entry, bytes: entry.bytes.slice() });
      }
      return { top, first, fencingToken: token, entries };
    } catch (error) {
      return failureOf(error);
    }
  }

  async storeSnapshot(request: LogSnapshotRequest): Promise<Done> {
    const { log, fencingToken, snapshot, trimThrough } = request;
    const { limits, blobs } = this.#parts;
    const probe = { ...freshLog, top: snapshot.sequence };
    const misnamed = judgeLogSnapshot(request, probe, limits);
    if (misnamed !== undefined) return misnamed;
    const store = this.shelf.storeOf(log);
    try {
      const { subject } = this.#parts.subjects.journal(log, "l");
      const blob = await blobs.put(store, subject, Buffer.from(snapshot.bytes).toString("base64"));
      const { refused, before } = await this.shelf.of(log).transact((held) => {
        const judged = mayBeNamed(blob, this.#parts.nowMs())
          ? judgeLogSnapshot(request, this.#stateOf(held), limits)
          : failure("timeout");
        const op: LogOp = ["s", fencingToken, snapshot.sequence, trimThrough, blob];
        return {
          ops: judged === undefined ? [op] : [],
          result: { refused: judged, before: held.blob },
          sure: judged === undefined,
        };
      });
      const goes = refused === undefined ? before : blob;
      if (goes !== undefined) blobs.drop(store, subject, goes);
      return refused ?? { ok: true };
    } catch (error) {
      return failureOf(error);
    }
  }

  async loadSnapshot(log: string): Promise<LogSnapshot | null | Failure> {
    if (!isResourceName(log)) return wrong("/log");
    try {
      for (let tries = 0; tries < maxLoads; tries += 1) {
        const { blob, state } = await this.shelf.of(log).fresh();
        if (blob === undefined) return null;
        const sequence = state.snapshotAt;
        const { subject } = this.#parts.subjects.journal(log, "l");
        const text = await this.#parts.blobs.get(this.shelf.storeOf(log), subject, blob);
        // A newer one may have replaced it meanwhile.
        if (text !== undefined) {
          return { sequence, bytes: new Uint8Array(Buffer.from(text, "base64")) };
        }
      }
      return failure("unavailable", "The log's snapshot is not there.");
    } catch (error) {
      return failureOf(error);
    }
  }

  async delete(deletion: LogDeletion): Promise<Done> {
    const { log, fencingToken } = deletion;
    const misnamed = judgeDeletion(deletion, freshLog);
    if (misnamed !== undefined) return misnamed;
    try {
      const { refused, before } = await this.shelf.of(log).transact((held) => {
        const judged = judgeDeletion(deletion, this.#stateOf(held));
        const op: LogOp = ["d", fencingToken, this.#parts.nowMs()];
        return {
          ops: judged === undefined ? [op] : [],
          result: { refused: judged, before: held.blob },
          sure: judged === undefined,
        };
      });
      if (refused !== undefined) return refused;
      const { blobs, subjects } = this.#parts;
      const { subject } = subjects.journal(log, "l");
      if (before !== undefined) blobs.drop(this.shelf.storeOf(log), subject, before);
      return { ok: true };
    } catch (error) {
      return failureOf(error);
    }
  }

  /** A deleted log's token is remembered for a while only. */
  #stateOf({ state, deletedMs }: FencedLog): LogState {
    const { nowMs, limits } = this.#parts;
    const forgotten = deletedMs !== undefined && nowMs() - deletedMs >= limits.fenceWindowMs;
    return forgotten ? freshLog : state;
  }
}
