import type { PublisherSession } from "../contract.js";
import type { MemoryLimits } from "../memory/options.js";
import type { KnownSession, Outcome, Publishers } from "../memory/publishers.js";
import { idKey, numberKey, numberOfKey, textKey } from "./keys.js";
import type { SessionRow, Tables } from "./store.js";

/** Expired keys forgotten with one publish: more than one comes with it, so that they never pile up. */
const maxExpiredAtOnce = 32;

/** Crowded channels remembered: past it they are looked through once more. */
const maxCrowded = 10_000;

/** What a channel's row says of its publishers. */
export interface PublishersRow {
  readonly keys: number;
  readonly oldestKeyMs?: number;
  readonly sessions: number;
}

/** What publishers of every channel share. */
export interface PublishersContext {
  readonly tables: Tables;
  readonly limits: MemoryLimits;
  /** A number that was never given before. */
  nextNumber(): number;
  /** Channel id to the time before which none of its sessions can make room. */
  readonly crowdedUntilMs: Map<number, number>;
}

/** What a channel remembers of its publishers, in the store. */
export class StoredPublishers implements Publishers {
  readonly #context: PublishersContext;
  readonly #channel: string;
  readonly #id: number;
  #keys: number;
  #oldestKeyMs: number | undefined;
  #sessions: number;
  #nowMs = Number.NEGATIVE_INFINITY;

  constructor(context: PublishersContext, channel: string, id: number, row: PublishersRow) {
    this.#context = context;
    this.#channel = channel;
    this.#id = id;
    this.#keys = row.keys;
    this.#oldestKeyMs = row.oldestKeyMs;
    this.#sessions = row.sessions;
  }

  /** What is kept of them in the channel's row. */
  get row(): PublishersRow {
    const oldestKeyMs = this.#oldestKeyMs;
    const oldest = oldestKeyMs === undefined ? {} : { oldestKeyMs };
    return { keys: this.#keys, sessions: this.#sessions, ...oldest };
  }

  get empty(): boolean {
    return this.#keys === 0 && this.#sessions === 0;
  }

  get keyCount(): number {
    return this.#keys;
  }

  get oldestKeyMs(): number | undefined {
    return this.#oldestKeyMs;
  }

  /** Forgets some of the keys past their window; those it leaves are not found any more either. */
  expire(nowMs: number): void {
    this.#nowMs = nowMs;
    const crowded = this.#keys >= this.#context.limits.maxKeysPerChannel;
    const atOnce = crowded ? this.#context.limits.maxSweptChannels : maxExpiredAtOnce;
    if (!this.#isExpired(this.#oldestKeyMs)) return;
    const { keys, keyOrder } = this.#context.tables;
    const query = { start: idKey(this.#id), end: idKey(this.#id + 1), limit: atOnce + 1 };
    this.#oldestKeyMs = undefined;
    for (const { key, value } of [...keyOrder.range(query)]) {
      if (!this.#isExpired(value.atMs)) {
        this.#oldestKeyMs = value.atMs;
        return;
      }
      keyOrder.remove(key);
      keys.remove(textKey(value.name, this.#id));
      this.#keys -= 1;
    }
    this.#oldestKeyMs = this.#findOldestKeyMs();
  }

  key(name: string): Outcome | undefined {
    const outcome = this.#context.tables.keys.get(textKey(name, this.#id));
    return outcome === undefined || this.#isExpired(outcome.atMs) ? undefined : outcome;
  }

  rememberKey(name: string, outcome: Outcome): void {
    const { keys, keyOrder } = this.#context.tables;
    const key = textKey(name, this.#id);
    const before = keys.get(key);
    if (before === undefined) this.#keys += 1;
    // One that is expired and not yet forgotten gives its place in the order up.
    else keyOrder.remove(numberKey(this.#id, before.offset));
    keys.put(key, outcome);
    keyOrder.put(numberKey(this.#id, outcome.offset), { name, atMs: outcome.atMs });
    this.#oldestKeyMs ??= outcome.atMs;
  }

  session(id: string): KnownSession | undefined {
    const row = this.#context.tables.sessions.get(textKey(id, this.#id));
    if (row === undefined || this.#isIdle(row)) return undefined;
    const { outcomes } = this.#context.tables;
    const { generation = 0, last, number } = row;
    return { generation, last, outcome: (seq) => outcomes.get(numberKey(number, seq)) };
  }

  rememberSeq(
    { id, seq, generation = 0 }: PublisherSession,
    outcome: Outcome,
    nowMs: number,
  ): void {
    const { sessions, outcomes } = this.#context.tables;
    const key = textKey(id, this.#id);
    let row = sessions.get(key);
    if (row !== undefined && (this.#isIdle(row) || generation > (row.generation ?? 0))) {
      this.#forget(key, row);
      row = undefined;
    }
    if (row === undefined) this.#sessions += 1;
    const number = row?.number ?? this.#context.nextNumber();
    sessions.put(key, { number, channel: this.#channel, generation, last: seq, usedMs: nowMs });
    outcomes.put(numberKey(number, seq), outcome);
    const oldest = seq - this.#context.limits.maxSessionOutcomes;
    if (oldest > 0) outcomes.remove(numberKey(number, oldest));
  }

  makeSessionRoom(nowMs: number): boolean {
    const { limits, crowdedUntilMs, tables } = this.#context;
    if (this.#sessions < limits.maxSessionsPerChannel) return true;
    if (nowMs < (crowdedUntilMs.get(this.#id) ?? 0)) return false;
    const query = { start: idKey(this.#id), end: idKey(this.#id + 1) };
    let oldest: { readonly key: Buffer; readonly value: SessionRow } | undefined;
    for (const each of [...tables.sessions.range(query)]) {
      if (this.#isIdle(each.value)) this.#forget(each.key, each.value);
      else if (oldest === undefined || each.value.usedMs < oldest.value.usedMs) oldest = each;
    }
    if (this.#sessions < limits.maxSessionsPerChannel || oldest === undefined) return true;
    const freeMs = oldest.value.usedMs + limits.keyWindowMs;
    if (nowMs < freeMs) {
      if (crowdedUntilMs.size >= maxCrowded) crowdedUntilMs.clear();
      crowdedUntilMs.set(this.#id, freeMs);
      return false;
    }
    this.#forget(oldest.key, oldest.value);
    return true;
  }

  /** Forgets a session if it is idle at `nowMs`. */
  forgetIdle(key: Buffer, nowMs: number): void {
    this.#nowMs = nowMs;
    const row = this.#context.tables.sessions.get(key);
    if (row !== undefined && this.#isIdle(row)) this.#forget(key, row);
  }

  cut(upTo: number): void {
    // The store keeps what it has acknowledged: no entry is ever lost with a key left behind.
    if (upTo < 0) throw new Error("no such offset");
  }

  copy(): StoredPublishers {
    throw new Error("what a store remembers is there once");
  }

  #forget(key: Buffer, row: SessionRow): void {
    const { sessions, outcomes } = this.#context.tables;
    sessions.remove(key);
    this.#sessions -= 1;
    removeNumbered(outcomes, row.number);
    this.#context.crowdedUntilMs.delete(this.#id);
  }

  #findOldestKeyMs(): number | undefined {
    const query = { start: idKey(this.#id), end: idKey(this.#id + 1), limit: 1 };
    for (const { value } of this.#context.tables.keyOrder.range(query)) return value.atMs;
    return undefined;
  }

  #isExpired(atMs: number | undefined): boolean {
    return atMs !== undefined && this.#nowMs - atMs >= this.#context.limits.keyWindowMs;
  }

  #isIdle({ usedMs }: SessionRow): boolean {
    return this.#nowMs - usedMs >= this.#context.limits.sessionIdleMs;
  }
}

/** Removes every outcome of a session; there are no more than `maxSessionOutcomes`. */
export function removeNumbered(table: Tables["outcomes"], number: number): void {
  for (const { key } of [...table.range({ start: idKey(number), end: idKey(number + 1) })]) {
    table.remove(numberKey(number, numberOfKey(key)));
  }
}
