import type { Random } from "@holdfast/core";
import { type Failure, failure } from "@holdfast/protocol";
import type {
  Entry,
  Head,
  HistoryPage,
  HistoryQuery,
  Lineage,
  PublishRequest,
  Snapshot,
} from "../contract.js";
import { Admission } from "./admission.js";
import { ChannelLog, type EntryLog } from "./channel-log.js";
import type { MemoryLimits } from "./options.js";
import { copyData } from "./payload.js";
import { type PreparedPublish, placeEntry, preparePublish } from "./prepared-publish.js";
import { type Outcome, PublisherMemory, type Publishers } from "./publishers.js";

const epochLength = 12;
const entryIdLength = 8;
/** Ancestors a channel remembers, nearest first. */
const maxLineage = 16;

/** A fresh name of one continuous life. */
export function newEpoch(random: Random): string {
  return random.id(epochLength);
}

/** A fresh witness of an entry. */
export function newEntryId(random: Random): string {
  return random.id(entryIdLength);
}

function newParts(limits: MemoryLimits, random: Random): ChannelParts {
  return {
    epoch: newEpoch(random),
    lineage: [],
    log: new ChannelLog(),
    publishers: new PublisherMemory(limits),
    snapshot: undefined,
    pinned: false,
  };
}

/** What a publish did: `entry` is present when it was appended. */
export type Appended =
  | { readonly ok: true; readonly outcome: Outcome; readonly entry?: Entry }
  | Failure;

/** What a channel is made of, wherever that is kept. */
export interface ChannelParts {
  readonly epoch: string;
  readonly lineage: readonly Lineage[];
  readonly log: EntryLog;
  readonly publishers: Publishers;
  readonly snapshot: Snapshot | undefined;
  /** The state is folded from the entries: none goes that no snapshot covers. */
  readonly pinned: boolean;
}

/** One life of a channel: its log, its memory of publishers, its snapshot. */
export class Channel {
  readonly name: string;
  epoch: string;
  /** Monotonic time of the last use, in milliseconds. */
  usedMs: number;
  readonly #limits: MemoryLimits;
  readonly #random: Random;
  #log: EntryLog;
  #publishers: Publishers;
  #admission: Admission;
  #lineage: readonly Lineage[];
  #snapshot: Snapshot | undefined;
  #pinned: boolean;

  constructor(
    name: string,
    limits: MemoryLimits,
    random: Random,
    nowMs: number,
    parts: ChannelParts = newParts(limits, random),
  ) {
    this.name = name;
    this.epoch = parts.epoch;
    this.usedMs = nowMs;
    this.#limits = limits;
    this.#random = random;
    this.#log = parts.log;
    this.#publishers = parts.publishers;
    this.#admission = new Admission(limits, parts.publishers);
    this.#lineage = parts.lineage;
    this.#snapshot = parts.snapshot;
    this.#pinned = parts.pinned;
  }

  get head(): Head {
    const { top, topId } = this.#log;
    return topId === undefined
      ? { epoch: this.epoch, offset: top }
      : { epoch: this.epoch, offset: top, id: topId };
  }

  /** Ancestry of the epoch, nearest first. */
  get lineage(): readonly Lineage[] {
    return this.#lineage;
  }

  get snapshot(): Snapshot | undefined {
    return this.#snapshot;
  }

  /** Whether the newest publish said that the state is folded from the entries. */
  get pinned(): boolean {
    return this.#pinned;
  }

  /** Whether losing this channel loses nothing but its epoch. */
  get bare(): boolean {
    return this.#log.count === 0 && this.#publishers.empty && this.#snapshot === undefined;
  }

  /** Decides on a publish and appends it; the caller fans the entry out in the same step. */
  publish(request: PublishRequest, nowMs: number): Appended {
    const prepared = preparePublish(request, this.#limits);
    return "ok" in prepared ? prepared : this.publishPrepared(prepared, nowMs);
  }

  /** `publish` of what was prepared ahead. */
  publishPrepared(prepared: PreparedPublish, nowMs: number): Appended {
    const { request, content, bytes, digest } = prepared;
    const guarded = digest !== "";
    if (guarded) {
      const verdict = this.#admission.judge(request, digest, nowMs);
      if (verdict.kind === "refused") return verdict.failure;
      if (verdict.kind === "seen") return { ok: true, outcome: verdict.outcome };
    }
    const { expectedOffset } = request;
    if (expectedOffset !== undefined && expectedOffset !== this.#log.top) {
      const message = `The channel's newest offset is ${this.#log.top}, not ${expectedOffset}.`;
      return failure("offset_mismatch", message);
    }
    const pinned = request.pinned === true;
    if (pinned && this.#pinnedBytes(nowMs) + bytes > this.#maxPinnedBytes(request)) {
      const message = "The channel waits for a snapshot of its state to be stored.";
      return failure("busy", message, { retryAfterMs: 1_000 });
    }
    this.#pinned = pinned;
    const offset = this.#log.top + 1;
    const id = content.id ?? newEntryId(this.#random);
    const entry = placeEntry(content, offset, id);
    this.#log.append(entry, bytes, request.history, nowMs);
    this.trim(nowMs);
    const outcome = { epoch: this.epoch, offset, id, digest, atMs: nowMs };
    if (guarded) this.#admission.remember(request, outcome);
    return { ok: true, outcome, entry };
  }

  /** A page of what is retained after `query.after`. */
  read(query: HistoryQuery, nowMs: number): HistoryPage {
    this.trim(nowMs);
    const log = this.#log;
    const after = Math.max(0, query.after);
    const maxCount = Math.min(Math.max(1, query.maxCount), this.#limits.maxPageCount);
    const maxBytes = Math.min(query.maxBytes, this.#limits.maxPageBytes);
    const entries: Entry[] = [];
    let bytes = 0;
    for (let offset = Math.max(after + 1, log.first); offset <= log.top; offset += 1) {
      bytes += log.bytesAt(offset);
      const full = entries.length >= maxCount || bytes > maxBytes;
      if (full && entries.length > 0) break;
      const entry = log.at(offset);
      if (entry !== undefined) entries.push(entry);
    }
    const witness = after === log.top ? log.topId : log.at(after)?.id;
    return {
      epoch: this.epoch,
      top: log.top,
      ...(log.topId === undefined ? {} : { topId: log.topId }),
      first: log.first,
      lineage: this.#lineage,
      ...(witness === undefined ? {} : { witness }),
      entries,
    };
  }

  /** Stores a snapshot of this epoch that is newer than the stored one and that the retained entries join. */
  storeSnapshot(snapshot: Snapshot, nowMs: number): boolean | Failure {
    this.trim(nowMs);
    const { epoch, offset, id } = snapshot.position;
    if (epoch !== this.epoch || offset > this.#log.top || offset + 1 < this.#log.first)
      return false;
    const stored = this.#snapshot?.position.offset ?? -1;
    if (offset <= stored) return false;
    const witness = offset === this.#log.top ? this.#log.topId : this.#log.at(offset)?.id;
    if (id !== undefined && witness !== undefined && id !== witness) return false;
    const state = copyData(snapshot.state);
    if (state === undefined) return failure("invalid_data", "The state is not a JSON value.");
    if (state.bytes > this.#limits.maxSnapshotBytes) return failure("too_large");
    this.#snapshot = { position: { ...snapshot.position }, state: state.value };
    this.trim(nowMs);
    return true;
  }

  /**
   * Applies the history bounds. What follows the stored snapshot stays. Where the state is not folded
   * from the entries that is up to `maxPinnedBytes`; past it the snapshot is dropped, because a
   * snapshot that its deltas do not meet is worse than none.
   */
  trim(nowMs: number): void {
    const keepFrom = this.#keepFrom;
    this.#log.trim(nowMs, keepFrom ?? Number.POSITIVE_INFINITY);
    if (keepFrom === undefined || this.#log.first < keepFrom || this.#pinned) return;
    if (this.#log.bytes <= this.#limits.maxPinnedBytes) return;
    this.#log.trim(nowMs, Number.POSITIVE_INFINITY);
    if (this.#log.first > keepFrom) this.#snapshot = undefined;
  }

  /** Trims and forgets what time has run out on. */
  sweep(nowMs: number): void {
    this.trim(nowMs);
    this.#publishers.expire(nowMs);
  }

  /**
   * Loses what follows `upTo` and begins a new epoch with that lineage. Where the state is folded from
   * the entries and cannot be had any more, nothing is left that it could go on from.
   */
  loseAfter(upTo: number, epoch = newEpoch(this.#random)): void {
    const parent = this.epoch;
    this.epoch = epoch;
    const lacksState = this.#snapshot !== undefined && this.#snapshot.position.offset > upTo;
    if (this.#pinned && lacksState && this.#log.first > 1) {
      this.#forget();
      return;
    }
    this.#lineage = [{ parent, upTo }, ...this.#lineage.map((older) => atMost(older, upTo))].slice(
      0,
      maxLineage,
    );
    this.#log.cut(upTo);
    this.#publishers.cut(upTo);
    const snapshot = this.#snapshot;
    if (snapshot === undefined) return;
    this.#snapshot =
      snapshot.position.offset > upTo
        ? undefined
        : { ...snapshot, position: { ...snapshot.position, epoch: this.epoch } };
  }

  /** The channel as it is now, for a backup. */
  copy(): Channel {
    return new Channel(this.name, this.#limits, this.#random, this.usedMs, {
      epoch: this.epoch,
      lineage: this.#lineage,
      log: this.#log.copy(),
      publishers: this.#publishers.copy(),
      snapshot: this.#snapshot,
      pinned: this.#pinned,
    });
  }

  /** The oldest offset that has to stay; undefined: none has to. */
  get #keepFrom(): number | undefined {
    if (this.#snapshot !== undefined) return this.#snapshot.position.offset + 1;
    return this.#pinned ? 1 : undefined;
  }

  /** Bytes that only a newer snapshot can free; 0 while the bounds still find something to let go. */
  #pinnedBytes(nowMs: number): number {
    this.trim(nowMs);
    return this.#log.first >= (this.#keepFrom ?? 1) ? this.#log.bytes : 0;
  }

  #maxPinnedBytes({ history }: PublishRequest): number {
    return Math.max(this.#limits.maxPinnedBytes, history.maxBytes);
  }

  /** Begins anew, with nothing of before. */
  #forget(): void {
    this.#log = new ChannelLog();
    this.#publishers = new PublisherMemory(this.#limits);
    this.#admission = new Admission(this.#limits, this.#publishers);
    this.#lineage = [];
    this.#snapshot = undefined;
  }
}

/** An older ancestor shares no more than the newest cut left. */
const atMost = (lineage: Lineage, upTo: number): Lineage => ({
  parent: lineage.parent,
  upTo: Math.min(lineage.upTo, upTo),
});
