import type { Random } from "@holdfast/core";
import { type Failure, failure } from "@holdfast/protocol";
import type { Head, Snapshot } from "../contract.js";
import { type Appended, Channel, newEpoch } from "../memory/channel.js";
import { noHistory } from "../memory/channel-log.js";
import type { MemoryLimits } from "../memory/options.js";
import type { PreparedPublish } from "../memory/prepared-publish.js";
import { Hand } from "./hand.js";
import { idKey, maxKeyTextUnits, textKey, textOfKey } from "./keys.js";
import type { ChannelRow, Tables } from "./store.js";
import { StoredLog } from "./stored-log.js";
import { type PublishersContext, StoredPublishers } from "./stored-publishers.js";

/** Trimmed rows cleared away with one write to a channel: more than one comes with it. */
const maxClearedAtOnce = 8;
/** Channels looked at when a new one finds the store full. */
const maxProbes = 256;

/** A channel with where it is kept. */
interface Opened {
  readonly key: Buffer;
  readonly row: ChannelRow;
  readonly channel: Channel;
  readonly log: StoredLog;
  readonly publishers: StoredPublishers;
}

/** What the channels are made of. */
export interface ChannelsContext extends PublishersContext {
  readonly tables: Tables;
  readonly limits: MemoryLimits;
  readonly random: Random;
  /** Life of the store; epochs of an earlier one have ended. */
  readonly generation: number;
  /** A number that was never given before. */
  nextNumber(): number;
  /** The store's time in milliseconds. */
  nowMs(): number;
  isFollowed(channel: string): boolean;
}

/** Every channel of the store. */
export class StoredChannels {
  readonly #context: ChannelsContext;
  readonly #roomHand: Hand<ChannelRow>;
  /** What the running transaction works on: of its many publishes several are to the same channel. */
  readonly #opened = new Map<string, Opened>();

  constructor(context: ChannelsContext) {
    this.#context = context;
    this.#roomHand = new Hand(context.tables.channels);
  }

  /** A transaction begins; one before it that was undone may have left what it had opened. */
  begin(): void {
    this.#opened.clear();
  }

  /** Writes the rows of what the transaction has worked on: at its end, and for whoever reads them before. */
  writeOut(): void {
    for (const opened of this.#opened.values()) this.#save(opened);
    this.#opened.clear();
  }

  /** Why there can be no channel of this name; undefined: there can. */
  refuseName(name: string): Failure | undefined {
    if (name.length > 0 && name.length <= maxKeyTextUnits) return undefined;
    return failure("invalid_channel", `A channel's name has 1 to ${maxKeyTextUnits} characters.`);
  }

  /** The newest position, if the channel is there and can be read as it is. */
  peekHead(name: string): Head | undefined {
    const row = this.#freshRow(name);
    return row === undefined ? undefined : headOf(row);
  }

  /** Reads from the channel if it is there and can be read as it is; otherwise `undefined`: use `write`. */
  look<T>(name: string, look: (channel: Channel) => T): T | undefined {
    const row = this.#freshRow(name);
    return row === undefined ? undefined : look(this.#open(name, textKey(name), row).channel);
  }

  /** The stored snapshot of a channel that can be read as it is. */
  snapshot(name: string): Snapshot | null {
    const row = this.#freshRow(name);
    if (row?.snapshot === undefined) return null;
    const state = this.#context.tables.snapshots.get(idKey(row.id));
    if (state === undefined) throw new Error("the store lacks a snapshot's state");
    return { position: row.snapshot, state: JSON.parse(state) };
  }

  /** The channel is there, whether or not it can be read as it is. */
  has(name: string): boolean {
    return this.#opened.has(name) || this.#context.tables.channels.get(textKey(name)) !== undefined;
  }

  /** The channel is there, and what is kept of it is of an earlier life or waits to be forgotten. */
  isStale(name: string): boolean {
    return this.has(name) && this.#freshRow(name) === undefined;
  }

  /** Works on the channel within a transaction; it is begun now if need be. */
  write<T>(name: string, work: (channel: Channel, log: StoredLog) => T): T | Failure {
    const opened = this.#opened.get(name) ?? this.#openForWriting(name);
    if ("ok" in opened) return opened;
    const value = work(opened.channel, opened.log);
    opened.log.clear(maxClearedAtOnce);
    return value;
  }

  /** Publishes to the channel within a transaction; `row` is what its entry is encoded as. */
  publish(name: string, prepared: PreparedPublish, row: Buffer, nowMs: number): Appended {
    return this.write(name, (channel, log) => {
      log.expect(row);
      return channel.publishPrepared(prepared, nowMs);
    });
  }

  /** Whether a look at the channel finds something to forget; see `tend`. */
  needsTending(name: string, row: ChannelRow): boolean {
    const { limits } = this.#context;
    const nowMs = this.#context.nowMs();
    const { channel, log, publishers } = this.#open(name, textKey(name), row);
    channel.trim(nowMs);
    if (log.uncleared > 0) return true;
    const { oldestMs } = publishers.row;
    if (oldestMs !== undefined && nowMs - oldestMs >= limits.keyWindowMs) return true;
    if (row.idleSinceMs !== undefined) return nowMs - row.idleSinceMs >= limits.channelIdleMs;
    return channel.bare && !this.#context.isFollowed(name);
  }

  /** Forgets a publisher session if it is idle. */
  forgetSession(name: string, session: Buffer): void {
    this.writeOut();
    const key = textKey(name);
    const row = this.#context.tables.channels.get(key);
    if (row === undefined) return;
    const opened = this.#open(name, key, row);
    opened.publishers.forgetIdle(session, this.#context.nowMs());
    this.#save(opened, row.idleSinceMs);
  }

  /** Trims and forgets what time has run out on, a bounded part of it; notes that a channel is idle, or evicts it. */
  tend(name: string): void {
    this.writeOut();
    const { tables, limits } = this.#context;
    const key = textKey(name);
    const row = tables.channels.get(key);
    if (row === undefined) return;
    const nowMs = this.#context.nowMs();
    const opened = this.#open(name, key, row);
    const { channel, log } = opened;
    channel.sweep(nowMs);
    log.clear(limits.maxSweptChannels);
    const isIdle = channel.bare && log.uncleared === 0 && !this.#context.isFollowed(name);
    if (!isIdle) this.#save(opened);
    else if (row.idleSinceMs === undefined) this.#save(opened, nowMs);
    else if (nowMs - row.idleSinceMs >= limits.channelIdleMs) this.#remove(key, row);
    else this.#save(opened, row.idleSinceMs);
  }

  /**
   * Evicts one channel nobody follows: one that was never written to, or one idle for longer than
   * the key window, so that no repeat that should have been recognised is appended again.
   */
  #makeRoom(): boolean {
    const { limits, isFollowed, nowMs } = this.#context;
    for (const { key, value } of this.#roomHand.next(maxProbes)) {
      if (isFollowed(textOfKey(key))) continue;
      if (value.log.top > 0 && nowMs() - value.usedMs < limits.keyWindowMs) continue;
      this.#remove(key, value);
      return true;
    }
    return false;
  }

  /** The row of a channel that can be read without writing. */
  #freshRow(name: string): ChannelRow | undefined {
    const row = this.#context.tables.channels.get(textKey(name));
    const isFresh = row?.generation === this.#context.generation && row.idleSinceMs === undefined;
    return isFresh ? row : undefined;
  }

  #openForWriting(name: string): Opened | Failure {
    const refused = this.refuseName(name);
    if (refused !== undefined) return refused;
    const key = textKey(name);
    const row = this.#context.tables.channels.get(key) ?? this.#newRow();
    if (row === undefined) return failure("busy", "The engine holds as many channels as it may.");
    const opened = this.#open(name, key, row);
    this.#opened.set(name, opened);
    return opened;
  }

  #newRow(): ChannelRow | undefined {
    const { tables, limits, random, generation } = this.#context;
    // Those that are opened may be new ones, which count when they are written out.
    if (tables.channels.count + this.#opened.size >= limits.maxChannels) {
      this.writeOut();
      if (tables.channels.count >= limits.maxChannels && !this.#makeRoom()) return undefined;
    }
    return {
      id: this.#context.nextNumber(),
      epoch: newEpoch(random),
      generation,
      lineage: [],
      log: { top: 0, first: 1, kept: 1, total: 0, bounds: noHistory },
      publishers: { keys: 0, sessions: 0 },
      usedMs: this.#context.nowMs(),
    };
  }

  #open(name: string, key: Buffer, row: ChannelRow): Opened {
    const { tables, limits, random, generation } = this.#context;
    const log = new StoredLog(tables.entries, row.id, row.log);
    const publishers = new StoredPublishers(this.#context, name, row.id, row.publishers);
    // Its state is read when it is asked for; the channel's rules go by the position.
    const snapshot = row.snapshot && { position: row.snapshot, state: undefined };
    const { epoch, lineage, pinned = false } = row;
    const parts = { epoch, lineage, log, publishers, snapshot, pinned };
    const channel = new Channel(name, limits, random, row.usedMs, parts);
    // Its epoch is of an earlier life of the store, and begins anew with what there is.
    if (row.generation !== generation) channel.loseAfter(log.top);
    return { key, row, channel, log, publishers };
  }

  #save({ key, row, channel, log, publishers }: Opened, idleSinceMs?: number): void {
    const { tables, generation } = this.#context;
    const { snapshot } = channel;
    publishers.writeOut();
    if (snapshot === undefined) {
      if (row.snapshot !== undefined) tables.snapshots.remove(idKey(row.id));
    } else if (snapshot.state !== undefined) {
      tables.snapshots.put(idKey(row.id), JSON.stringify(snapshot.state));
    }
    tables.channels.put(key, {
      id: row.id,
      epoch: channel.epoch,
      generation,
      lineage: channel.lineage,
      log: log.row,
      publishers: publishers.row,
      usedMs: this.#context.nowMs(),
      ...(snapshot === undefined ? {} : { snapshot: snapshot.position }),
      ...(channel.pinned ? { pinned: true } : {}),
      ...(idleSinceMs === undefined ? {} : { idleSinceMs }),
    });
  }

  #remove(key: Buffer, row: ChannelRow): void {
    const { tables } = this.#context;
    tables.channels.remove(key);
    tables.snapshots.remove(idKey(row.id));
    tables.graves.put(idKey(row.id), "channel");
  }
}

function headOf({ epoch, log: { top, topId } }: ChannelRow): Head {
  return topId === undefined ? { epoch, offset: top } : { epoch, offset: top, id: topId };
}
