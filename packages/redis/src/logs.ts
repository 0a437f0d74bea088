import {
  type Done,
  isResourceName,
  type LogAppend,
  type LogAppended,
  type LogDeletion,
  type LogPage,
  type LogQuery,
  type LogSnapshot,
  type LogSnapshotRequest,
} from "@holdfast/broker";
import { type Failure, failure } from "@holdfast/protocol";
import { failureOf } from "./failures.js";
import type { Keys } from "./keys.js";
import type { RedisLimits } from "./limits.js";
import {
  appendLogScript,
  deleteLogScript,
  loadLogSnapshotScript,
  readLogScript,
  storeLogSnapshotScript,
} from "./scripts/logs.js";
import { bytesOf, listOf, numberOf, textOf } from "./servers/replies.js";
import type { Argument, Reply, Servers } from "./servers/servers.js";

const space = 32;

const wrong = (field: string): Failure => failure("invalid_field", undefined, { field });
const copyOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes);

/** Fenced logs. */
export class Logs {
  readonly #servers: Servers;
  readonly #keys: Keys;
  readonly #limits: RedisLimits;

  constructor(servers: Servers, keys: Keys, limits: RedisLimits) {
    this.#servers = servers;
    this.#keys = keys;
    this.#limits = limits;
  }

  async append(request: LogAppend): Promise<LogAppended> {
    const { log, fencingToken, expectedSequence, entries } = request;
    const refused = judgeOwner(log, fencingToken);
    if (refused !== undefined) return refused;
    const { maxLogBatchCount, maxEntryBytes, maxLogBytes } = this.#limits;
    if (entries.length > maxLogBatchCount) return failure("too_large");
    if (entries.some((entry) => entry.length > maxEntryBytes)) return failure("too_large");
    const args = [fencingToken, expectedSequence, maxLogBytes, ...entries.map(copyOf)];
    try {
      const reply = await this.#servers.run(appendLogScript, [this.#keys.log(log)], args);
      const [word, number] = textOf(reply).split(" ");
      if (word === "a") return { ok: true, sequence: Number(number) };
      return refusalOf(word, Number(number), `not ${expectedSequence}`, fencingToken);
    } catch (error) {
      return failureOf(error);
    }
  }

  async read({ log, after, maxCount, maxBytes }: LogQuery): Promise<LogPage | Failure> {
    if (!isResourceName(log)) return wrong("/log");
    const { maxPageCount, maxPageBytes } = this.#limits;
    const from = Math.max(0, after);
    const args = [
      from,
      Math.min(Math.max(1, maxCount), maxPageCount),
      Math.min(Math.max(1, maxBytes), maxPageBytes),
    ];
    try {
      const reply = await this.#servers.run(readLogScript, [this.#keys.log(log)], args);
      return pageOf(listOf(reply), from);
    } catch (error) {
      return failureOf(error);
    }
  }

  async storeSnapshot(request: LogSnapshotRequest): Promise<Done> {
    const { log, fencingToken, snapshot, trimThrough } = request;
    const refused = judgeOwner(log, fencingToken);
    if (refused !== undefined) return refused;
    const { sequence, bytes } = snapshot;
    if (trimThrough > sequence) return wrong("/trimThrough");
    if (bytes.length > this.#limits.maxSnapshotBytes) return failure("too_large");
    const args = [fencingToken, sequence, trimThrough, copyOf(bytes)];
    return await this.#done(storeLogSnapshotScript, log, args, `and not ${sequence}`);
  }

  async loadSnapshot(log: string): Promise<LogSnapshot | null | Failure> {
    if (!isResourceName(log)) return wrong("/log");
    try {
      const reply = await this.#servers.run(loadLogSnapshotScript, [this.#keys.log(log)], []);
      if (reply === null) return null;
      const [sequence, bytes] = listOf(reply);
      return { sequence: numberOf(sequence), bytes: new Uint8Array(bytesOf(bytes)) };
    } catch (error) {
      return failureOf(error);
    }
  }

  async delete({ log, fencingToken }: LogDeletion): Promise<Done> {
    const refused = judgeOwner(log, fencingToken);
    if (refused !== undefined) return refused;
    return await this.#done(deleteLogScript, log, [fencingToken, this.#limits.fenceWindowMs], "");
  }

  async #done(
    script: typeof deleteLogScript,
    log: string,
    args: readonly Argument[],
    instead: string,
  ): Promise<Done> {
    try {
      const reply = await this.#servers.run(script, [this.#keys.log(log)], args);
      const [word, number] = textOf(reply).split(" ");
      if (word === "a") return { ok: true };
      return refusalOf(word, Number(number), instead, args[0]);
    } catch (error) {
      return failureOf(error);
    }
  }
}

function judgeOwner(log: string, token: number): Failure | undefined {
  if (!isResourceName(log)) return wrong("/log");
  if (!Number.isSafeInteger(token) || token < 1) return wrong("/fencingToken");
  return undefined;
}

function refusalOf(
  word: string | undefined,
  number: number,
  instead: string,
  token: Argument | undefined,
): Failure {
  switch (word) {
    case "f":
      return failure("fenced", `The log has seen token ${number}, and this one is ${token}.`);
    case "s":
      return failure("sequence_mismatch", `The log's newest sequence is ${number}, ${instead}.`);
    case "b":
      return failure("limit_exceeded", "The log is full: store a snapshot and trim it.");
    default:
      throw new Error(`a script of logs answered with ${word}`);
  }
}

function pageOf(reply: readonly Reply[], after: number): LogPage {
  const first = numberOf(reply[1]);
  const start = Math.max(after + 1, first);
  const entries = listOf(reply[3]).map((stored, index) => {
    const entry = bytesOf(stored);
    const end = entry.indexOf(space);
    return {
      sequence: start + index,
      fencingToken: Number(entry.toString("latin1", 0, end)),
      bytes: new Uint8Array(entry.subarray(end + 1)),
    };
  });
  return { top: numberOf(reply[0]), first, fencingToken: numberOf(reply[2]), entries };
}
