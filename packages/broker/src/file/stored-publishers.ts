import type { PublisherSession } from "../contract.js";
import type { MemoryLimits } from "../memory/options.js";
import type { KnownSession, Outcome, Publishers, RememberedPublish } from "../memory/publishers.js";
import { idKey, numberOfKey, passingKey, textKey } from "./keys.js";
import type { LedgerRow, SessionRow, Tables } from "./store.js";

/** Expired publishes forgotten with one: more than one comes with it, so that they never pile up. */
const maxExpiredAtOnce = 32;
/** Crowded channels remembered: past it they are looked through once more. */
const maxCrowded = 10_000;

/** What a channel's row says of its publishers. */
export interface PublishersRow {
  readonly keys: number;
  /** When the oldest publish of the ledger was appended. */
  readonly oldestMs?: number;
  readonly sessions: number;
}

/** What publishers of every channel share. */
export interface PublishersContext {
  readonly tables: Tables;
  readonly limits: MemoryLimits;
  /** Channel id to the time before which none of its sessions can make room. */
  readonly crowdedUntilMs: Map<number, number>;
}

/** A publish key with its row. */
interface SoughtKey {
  readonly name: string;
  readonly key: Buffer;
  readonly offset: number | undefined;
}

/** Where a session stands, as it was read or is to be written. */
interface SessionPlace {
  readonly key: Buffer;
  row: SessionRow | undefined;
  isWritten: boolean;
}

/**
 * What a channel remembers of its publishers, in the store: a ledger of publishes in the order of
 * their offsets, so that writing touches its end and forgetting its beginning, and two small indexes
 * into it, by key and by session. Both are forgotten with the key window, a session's place in its
 * order when it has been idle.
 */
export class StoredPublishers implements Publishers {
  readonly #context: PublishersContext;
  readonly #channel: string;
  readonly #id: number;
  #keys: number;
  #oldestMs: number | undefined;
  #sessions: number;
  #nowMs = Number.NEGATIVE_INFINITY;
  /** Sessions that were read or written since the channel was opened. */
  readonly #known = new Map<string, SessionPlace>();
  /** The publish key that was looked for last: a publish looks first and remembers then. */
  #sought: SoughtKey | undefined;

  constructor(context: PublishersContext, channel: string, id: number, row: PublishersRow) {
    this.#context = context;
    this.#channel = channel;
    this.#id = id;
    this.#keys = row.keys;
    this.#oldestMs = row.oldestMs;
    this.#sessions = row.sessions;
  }

  /** What is kept of them in the channel's row. */
  get row(): PublishersRow {
    const oldest = this.#oldestMs === undefined ? {} : { oldestMs: this.#oldestMs };
    return { keys: this.#keys, sessions: this.#sessions, ...oldest };
  }

  get empty(): boolean {
    return this.#oldestMs === undefined && this.#sessions === 0;
  }

  get keyCount(): number {
    return this.#keys;
  }

  get oldestKeyMs(): number | undefined {
    return this.#oldestMs;
  }

  /** Forgets some of the publishes past the window; those it leaves are not found any more either. */
  expire(nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.#oldestMs === undefined || !this.#isExpired(this.#oldestMs)) return;
    const { limits, tables } = this.#context;
    const isFull = this.#keys >= limits.maxKeysPerChannel;
    const atOnce = isFull ? limits.maxSweptChannels : maxExpiredAtOnce;
    const rows = [...tables.ledger.range({ ...this.#range, limit: atOnce + 1 })];
    const left = rows.find(({ value }) => !this.#isExpired(value.atMs)) ?? rows[atOnce];
    for (const { key, value } of rows) {
      if (key === left?.key) break;
      tables.ledger.remove(key);
      this.#forgetKey(value, numberOfKey(key));
    }
    this.#oldestMs = left?.value.atMs;
  }

  key(name: string): Outcome | undefined {
    this.#sought = undefined;
    const { offset } = this.#seek(name);
    return offset === undefined ? undefined : this.#outcomeAt(offset);
  }

  session(id: string): KnownSession | undefined {
    const { row } = this.#placeOf(id);
    if (row === undefined || this.#isIdle(row)) return undefined;
    return new StoredSession(row, this.#outcomeOf);
  }

  remember({ keyName, session }: RememberedPublish, outcome: Outcome): void {
    const { tables } = this.#context;
    const { epoch, offset, id, digest, atMs } = outcome;
    const before = session === undefined ? undefined : this.#sameGeneration(session);
    // JSON leaves out what is undefined.
    tables.ledger.put(passingKey(this.#id, offset), {
      epoch,
      id,
      digest,
      atMs,
      key: keyName,
      seq: session?.seq,
      previous: before?.offset,
    });
    this.#oldestMs ??= atMs;
    if (keyName !== undefined) {
      const { key, offset: former } = this.#seek(keyName);
      if (former === undefined) this.#keys += 1;
      tables.keys.put(key, offset);
      this.#sought = undefined;
    }
    if (session !== undefined) {
      this.#putSession(session, atMs, { offset, repeats: before?.repeats });
    }
  }

  /** Writes the rows of the sessions that have gone on. */
  writeOut(): void {
    for (const place of this.#known.values()) {
      if (!place.isWritten || place.row === undefined) continue;
      place.isWritten = false;
      this.#context.tables.sessions.put(place.key, place.row);
    }
  }

  rememberRepeat(session: PublisherSession, outcome: Outcome, nowMs: number): void {
    const before = this.#sameGeneration(session);
    const repeat = [session.seq, outcome.offset] as const;
    const repeats = [...(before?.repeats ?? []), repeat].slice(
      -this.#context.limits.maxSessionOutcomes,
    );
    this.#putSession(session, nowMs, { offset: before?.offset, repeats });
  }

  makeSessionRoom(nowMs: number): boolean {
    const { limits, crowdedUntilMs, tables } = this.#context;
    if (this.#sessions < limits.maxSessionsPerChannel) return true;
    if (nowMs < (crowdedUntilMs.get(this.#id) ?? 0)) return false;
    this.writeOut();
    let oldest: { readonly key: Buffer; readonly value: SessionRow } | undefined;
    for (const each of [...tables.sessions.range(this.#range)]) {
      if (this.#isIdle(each.value)) this.#forgetSession(each.key);
      else if (oldest === undefined || each.value.usedMs < oldest.value.usedMs) oldest = each;
    }
    if (this.#sessions < limits.maxSessionsPerChannel || oldest === undefined) return true;
    const freeMs = oldest.value.usedMs + limits.keyWindowMs;
    if (nowMs < freeMs) {
      if (crowdedUntilMs.size >= maxCrowded) crowdedUntilMs.clear();
      crowdedUntilMs.set(this.#id, freeMs);
      return false;
    }
    this.#forgetSession(oldest.key);
    return true;
  }

  /** Forgets a session if it is idle at `nowMs`. */
  forgetIdle(key: Buffer, nowMs: number): void {
    this.#nowMs = nowMs;
    this.writeOut();
    const row = this.#context.tables.sessions.get(key);
    if (row !== undefined && this.#isIdle(row)) this.#forgetSession(key);
  }

  cut(upTo: number): void {
    // The store keeps what it has acknowledged: no entry is ever lost with a key left behind.
    if (upTo < 0) throw new Error("no such offset");
  }

  copy(): StoredPublishers {
    throw new Error("what a store remembers is there once");
  }

  get #range(): { readonly start: Buffer; readonly end: Buffer } {
    return { start: idKey(this.#id), end: idKey(this.#id + 1) };
  }

  #outcomeAt(offset: number): Outcome | undefined {
    const row = this.#context.tables.ledger.get(passingKey(this.#id, offset));
    if (row === undefined || this.#isExpired(row.atMs)) return undefined;
    const { epoch, id, digest, atMs } = row;
    return { epoch, offset, id, digest, atMs };
  }

  /** Follows a session's publishes back to a seq. */
  readonly #outcomeOf = (session: SessionRow, seq: number): Outcome | undefined => {
    const repeat = session.repeats?.find(([repeated]) => repeated === seq);
    if (repeat !== undefined) return this.#outcomeAt(repeat[1]);
    if (session.last - seq >= this.#context.limits.maxSessionOutcomes) return undefined;
    let offset = session.offset;
    while (offset !== undefined) {
      const row: LedgerRow | undefined = this.#context.tables.ledger.get(
        passingKey(this.#id, offset),
      );
      if (row?.seq === undefined || row.seq < seq) return undefined;
      if (row.seq === seq) return this.#outcomeAt(offset);
      offset = row.previous;
    }
    return undefined;
  };

  /** What is kept of a session, unless it is idle or a generation that has ended. */
  #sameGeneration({ id, generation = 0 }: PublisherSession): SessionRow | undefined {
    const { row } = this.#placeOf(id);
    if (row === undefined || this.#isIdle(row)) return undefined;
    return (row.generation ?? 0) === generation ? row : undefined;
  }

  #putSession(
    { id, seq, generation = 0 }: PublisherSession,
    usedMs: number,
    kept: { readonly offset: number | undefined; readonly repeats: SessionRow["repeats"] },
  ): void {
    const { offset, repeats } = kept;
    const place = this.#placeOf(id);
    if (place.row === undefined) this.#sessions += 1;
    const row: { -readonly [Name in keyof SessionRow]: SessionRow[Name] } = {
      channel: this.#channel,
      last: seq,
      usedMs,
    };
    if (generation !== 0) row.generation = generation;
    if (offset !== undefined) row.offset = offset;
    if (repeats !== undefined) row.repeats = repeats;
    place.row = row;
    place.isWritten = true;
  }

  #seek(name: string): SoughtKey {
    if (this.#sought?.name === name) return this.#sought;
    const key = textKey(name, this.#id);
    const sought = { name, key, offset: this.#context.tables.keys.get(key) };
    this.#sought = sought;
    return sought;
  }

  #placeOf(id: string): SessionPlace {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const key = textKey(id, this.#id);
    const place = { key, row: this.#context.tables.sessions.get(key), isWritten: false };
    this.#known.set(id, place);
    return place;
  }

  /** Unless the key was used again since, under a later offset. */
  #forgetKey({ key }: LedgerRow, offset: number): void {
    if (key === undefined) return;
    const { keys } = this.#context.tables;
    if (keys.get(textKey(key, this.#id)) !== offset) return;
    keys.remove(textKey(key, this.#id));
    this.#keys -= 1;
  }

  #forgetSession(key: Buffer): void {
    this.#context.tables.sessions.remove(key);
    this.#known.clear();
    this.#sessions -= 1;
    this.#context.crowdedUntilMs.delete(this.#id);
  }

  #isExpired(atMs: number): boolean {
    return this.#nowMs - atMs >= this.#context.limits.keyWindowMs;
  }

  #isIdle({ usedMs }: SessionRow): boolean {
    return this.#nowMs - usedMs >= this.#context.limits.sessionIdleMs;
  }
}

/** A session as it was read: made for every publish, and asked for an outcome by a repeat alone. */
class StoredSession implements KnownSession {
  readonly generation: number;
  readonly last: number;
  readonly #row: SessionRow;
  readonly #outcomeOf: (row: SessionRow, seq: number) => Outcome | undefined;

  constructor(row: SessionRow, outcomeOf: (row: SessionRow, seq: number) => Outcome | undefined) {
    this.generation = row.generation ?? 0;
    this.last = row.last;
    this.#row = row;
    this.#outcomeOf = outcomeOf;
  }

  outcome(seq: number): Outcome | undefined {
    return this.#outcomeOf(this.#row, seq);
  }
}
