import { type Entry, type Head, isFailure } from "@holdfast/broker";
import {
  type Failure,
  type Fold,
  type FoldedMode,
  failure,
  folds,
  type Position,
} from "@holdfast/protocol";
import type { HubContext } from "../context.js";
import { Compaction } from "./compaction.js";
import { grownBytes, jsonBytes } from "./json-bytes.js";
import type { Admitted, StateAt, StateSource } from "./source.js";
import { type Loaded, StateLoad } from "./state-load.js";
import type { StateHolder } from "./state-memory.js";

/** What a folded state needs of its channel. */
export interface FoldedChannel {
  readonly name: string;
  /** The last entry handed to the live subscribers. */
  readonly last: Position;
  readonly released: boolean;
  /** `data` of a recent entry of `last`'s epoch, where it is still at hand. */
  recent(offset: number): { readonly id: string; readonly data: unknown } | undefined;
}

type Waiting = (found: StateAt | Failure) => void;

interface Known extends StateAt {
  readonly bytes: number;
}

/**
 * The state of a followed channel, folded from its entries. Loaded once, when somebody first needs it,
 * and then kept current with each entry, so that a late-comer costs no fold. May be let go to save
 * memory, and is loaded again.
 */
export class FoldedState implements StateSource, StateHolder {
  readonly mode: FoldedMode;
  readonly #channel: FoldedChannel;
  readonly #context: HubContext;
  readonly #fold: Fold;
  readonly #compaction: Compaction;
  #known: Known | undefined;
  /** Whom the load under way is for; undefined: none is. */
  #served: readonly Waiting[] | undefined;
  /** Who came since it began. Everybody is served in the order of arrival. */
  #waiting: { readonly atLeast: Head | undefined; readonly callback: Waiting }[] = [];
  /** Bytes of publications that were admitted and have no outcome yet. */
  #pendingBytes = 0;

  constructor(mode: FoldedMode, channel: FoldedChannel, context: HubContext) {
    this.mode = mode;
    this.#fold = folds[mode];
    this.#channel = channel;
    this.#context = context;
    this.#compaction = new Compaction(channel.name, context);
  }

  take(atLeast: Head | undefined, callback: Waiting): void {
    const isFirst = this.#served === undefined && this.#waiting.length === 0;
    const current = isFirst ? this.#current(atLeast) : undefined;
    if (current !== undefined) {
      callback(current);
      return;
    }
    this.#waiting.push({ atLeast, callback });
    if (isFirst) this.#load();
  }

  admit(data: unknown, callback: (admitted: Admitted | Failure) => void): void {
    this.#compaction.publishes();
    this.take(undefined, (found) => {
      callback(isFailure(found) ? found : this.#judge(found, data));
    });
  }

  advanced(epoch: string, { offset, id, data }: Entry): void {
    const position = this.#known?.position;
    // One that does not follow waits for whoever needs the state next: it is read then.
    if (position?.epoch !== epoch || offset !== position.offset + 1) return;
    this.#apply({ epoch, offset, id }, data);
  }

  continued(formerEpoch: string, { epoch, offset }: Position): void {
    const known = this.#known;
    if (known?.position.epoch !== formerEpoch || known.position.offset > offset) return;
    this.#known = { ...known, position: { ...known.position, epoch } };
  }

  evict(): void {
    this.#known = undefined;
  }

  release(): void {
    this.evict();
    this.#context.states.release(this);
    const waiting = [...(this.#served ?? []), ...this.#waiting.map(({ callback }) => callback)];
    this.#served = undefined;
    this.#waiting = [];
    for (const callback of waiting) callback(failure("draining"));
  }

  /** The state, where it needs no reading. */
  #current(atLeast: Head | undefined): StateAt | undefined {
    this.#catchUp();
    const { last } = this.#channel;
    const position = this.#known?.position;
    if (position?.epoch !== last.epoch || position.offset < last.offset) return undefined;
    const isOld = atLeast?.epoch === position.epoch && position.offset < atLeast.offset;
    // Of which epoch the state is worth something only the engine can tell.
    if (isOld || (atLeast !== undefined && atLeast.epoch !== position.epoch)) return undefined;
    this.#context.states.touch(this);
    return this.#known;
  }

  /** Folds what the channel still has at hand. */
  #catchUp(): void {
    for (;;) {
      const position = this.#known?.position;
      const { last } = this.#channel;
      if (position?.epoch !== last.epoch || position.offset >= last.offset) return;
      const offset = position.offset + 1;
      const entry = this.#channel.recent(offset);
      if (entry === undefined) return;
      this.#apply({ epoch: last.epoch, offset, id: entry.id }, entry.data);
    }
  }

  #apply(position: Position, data: unknown = null): void {
    const known = this.#known;
    if (known === undefined) return;
    const state = this.#fold(known.state, data);
    this.#keep({ position, state, bytes: known.bytes + grownBytes(known.state, state) });
    this.#compaction.folded(data);
    this.#compaction.consider({ position, state });
  }

  #keep(known: Known): void {
    this.#known = known;
    this.#context.states.hold(this, known.bytes);
  }

  #load(): void {
    this.#served = this.#waiting.map(({ callback }) => callback);
    this.#waiting = [];
    this.#context.metrics.stateLoad();
    const load = new StateLoad(
      {
        channel: this.#channel.name,
        fold: this.#fold,
        from: this.#known,
        wanted: () => !this.#channel.released,
        done: (found) => this.#loaded(found),
      },
      this.#context,
    );
    load.start();
  }

  #loaded(found: Loaded | Failure): void {
    const served = this.#served ?? [];
    if (!isFailure(found)) this.#adopt(found);
    const answer = isFailure(found) ? found : (this.#known ?? found);
    for (const callback of served) callback(answer);
    this.#served = undefined;
    this.#serveLater(isFailure(found));
  }

  #adopt(found: Loaded): void {
    const { position, state, count, bytes, goesOn } = found;
    this.#keep({ position, state, bytes: jsonBytes(state) });
    this.#compaction.loaded(count, bytes, goesOn);
    this.#compaction.consider(found);
    this.#catchUp();
  }

  /** Whoever came while the load was under way may need something newer than it found. */
  #serveLater(hasFailed: boolean): void {
    while (this.#waiting.length > 0 && this.#served === undefined) {
      const [next] = this.#waiting;
      const current = hasFailed ? undefined : next && this.#current(next.atLeast);
      if (next === undefined || current === undefined) {
        this.#load();
        return;
      }
      this.#waiting.shift();
      next.callback(current);
    }
  }

  #judge({ state }: StateAt, data: unknown): Admitted | Failure {
    const { maxStateBytes } = this.#context.settings;
    const bytes = jsonBytes(data);
    if (this.mode === "last") {
      return bytes > maxStateBytes ? tooLarge(maxStateBytes) : this.#admitted(0);
    }
    const held = this.#known?.bytes ?? jsonBytes(state);
    if (held + this.#pendingBytes + bytes > maxStateBytes) {
      const growth = grownBytes(state, this.#fold(state, data));
      // What makes the state smaller is taken however large it is.
      if (growth > 0 && held + this.#pendingBytes + growth > maxStateBytes) {
        return tooLarge(maxStateBytes);
      }
    }
    return this.#admitted(bytes);
  }

  #admitted(bytes: number): Admitted {
    this.#pendingBytes += bytes;
    let isOver = false;
    return {
      ok: true,
      settled: () => {
        if (!isOver) this.#pendingBytes -= bytes;
        isOver = true;
      },
    };
  }
}

function tooLarge(maxStateBytes: number): Failure {
  return failure("limit_exceeded", `The state of a channel may have ${maxStateBytes} bytes.`, {
    field: "/data",
  });
}
