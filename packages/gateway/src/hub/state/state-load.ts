import { type Entry, type HistoryPage, isFailure, type Snapshot } from "@holdfast/broker";
import { type Failure, type Fold, failure, type Position } from "@holdfast/protocol";
import { ask } from "../ask.js";
import type { HubContext } from "../context.js";
import { following, judge, positionAt } from "../continuity.js";
import { jsonBytes } from "./json-bytes.js";
import type { StateAt } from "./source.js";

/** Snapshots read in vain, because history had just been trimmed to a newer one, before something else is tried. */
const MAX_SNAPSHOT_READS = 4;

/** A state as it was found. */
export interface Loaded extends StateAt {
  readonly ok: true;
  /** true: it goes on from the state that was known; false: it began at the stored snapshot, or with nothing. */
  readonly goesOn: boolean;
  /** Entries folded since there, and their bytes. */
  readonly count: number;
  readonly bytes: number;
}

/** What is loaded, and for whom. */
export interface LoadWish {
  readonly channel: string;
  readonly fold: Fold;
  /** A state to go on from, if one is known. */
  readonly from: StateAt | undefined;
  /** false: nobody wants it any more; nothing is called back. */
  readonly wanted: () => boolean;
  readonly done: (found: Loaded | Failure) => void;
}

/**
 * Computes a channel's state once: from a state that is known, or the stored snapshot, or the first
 * entry, and all entries after it, a page at a time. It ends at what was the newest entry when it
 * began, or later.
 */
export class StateLoad {
  readonly #wish: LoadWish;
  readonly #context: HubContext;
  #state: unknown = null;
  #position: Position | undefined;
  #isStored = false;
  #count = 0;
  #bytes = 0;
  /** The newest offset when the load began to read. */
  #target: number | undefined;
  #snapshotReads = 0;

  constructor(wish: LoadWish, context: HubContext) {
    this.#wish = wish;
    this.#context = context;
  }

  start(): void {
    const { from } = this.#wish;
    if (from === undefined) this.#readSnapshot();
    else {
      this.#begin(from);
      this.#readOn();
    }
  }

  #begin({ position, state }: StateAt): void {
    this.#position = position;
    this.#state = state;
    this.#count = 0;
    this.#bytes = 0;
  }

  #readSnapshot(): void {
    const { link, turns } = this.#context;
    const { channel, done, wanted } = this.#wish;
    this.#snapshotReads++;
    turns.take((release) => {
      if (!wanted()) {
        release();
        return;
      }
      ask(
        () => link.loadSnapshot(channel),
        (snapshot: Snapshot | null | Failure) => {
          release();
          if (!wanted()) return;
          if (snapshot !== null && isFailure(snapshot)) {
            done(snapshot);
            return;
          }
          this.#isStored = snapshot !== null;
          if (snapshot !== null) this.#begin(snapshot);
          else this.#position = undefined;
          this.#readOn();
        },
      );
    });
  }

  #readOn(): void {
    const { reads, settings } = this.#context;
    const { channel, wanted, done } = this.#wish;
    reads.read(
      {
        channel,
        after: this.#position?.offset ?? 0,
        maxCount: settings.replayPageEntries,
        maxBytes: settings.replayPageBytes,
      },
      {
        wanted,
        done: (page) => {
          if (isFailure(page)) done(page);
          else this.#take(page);
        },
      },
    );
  }

  #take(page: HistoryPage): void {
    if (this.#position === undefined) this.#begin(nothingIn(page.epoch));
    const position = this.#position ?? nothingIn(page.epoch).position;
    this.#target ??= page.top;
    if (!judge(position, page).ok) {
      this.#restart(page);
      return;
    }
    this.#position = { ...position, epoch: page.epoch };
    const before = this.#position.offset;
    for (const entry of following(before, page.entries)) this.#apply(page.epoch, entry);
    const { offset } = this.#position;
    if (offset >= Math.min(this.#target, page.top)) this.#finish();
    else if (offset > before) this.#readOn();
    else this.#wish.done(failure("unavailable", "The engine's history cannot be read on."));
  }

  #apply(epoch: string, { offset, id, data }: Entry): void {
    this.#state = this.#wish.fold(this.#state, data ?? null);
    this.#position = { epoch, offset, id };
    this.#count++;
    this.#bytes += jsonBytes(data ?? null);
  }

  /** What the load began from is not met by the history: it is of another life, or has been overtaken. */
  #restart(page: HistoryPage): void {
    this.#target = undefined;
    const isLate = this.#snapshotReads >= MAX_SNAPSHOT_READS;
    if (isLate && !this.#isStored) this.#adopt(page);
    else if (this.#snapshotReads < 2 * MAX_SNAPSHOT_READS) this.#readSnapshot();
    else this.#wish.done(failure("unavailable", "No stored snapshot is met by the history."));
  }

  /**
   * Entries, and no snapshot: the channel had a history before it had state. Its state begins with the
   * oldest entry that is retained; the engine decides whose first snapshot that is.
   */
  #adopt({ epoch, first, top, topId, entries }: HistoryPage): void {
    if (this.#snapshotReads >= 2 * MAX_SNAPSHOT_READS) {
      this.#wish.done(failure("unavailable", "The state of the channel cannot be stored."));
      return;
    }
    const start = positionAt(epoch, first - 1, first - 1 === top ? topId : undefined);
    this.#begin({ position: start, state: null });
    for (const entry of following(first - 1, entries)) this.#apply(epoch, entry);
    const snapshot = { position: this.#position ?? start, state: this.#state };
    ask(
      () => this.#context.link.storeSnapshot(this.#wish.channel, snapshot),
      () => {
        if (this.#wish.wanted()) this.#readSnapshot();
      },
    );
  }

  #finish(): void {
    const position = this.#position;
    if (position === undefined) throw new Error("a load ended without a position");
    this.#wish.done({
      ok: true,
      position,
      state: this.#state,
      goesOn: this.#snapshotReads === 0,
      count: this.#count,
      bytes: this.#bytes,
    });
  }
}

/** The state of a channel that nobody has published to. */
function nothingIn(epoch: string): StateAt {
  return { position: { epoch, offset: 0 }, state: null };
}
