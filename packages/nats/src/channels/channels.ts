import type { Head, HistoryPage, HistoryQuery, Snapshot } from "@holdfast/broker";
import { copyData } from "@holdfast/broker/internal";
import { type Failure, failure } from "@holdfast/protocol";
import { failureOf } from "../failures.js";
import { mayBeNamed } from "../journal/blobs.js";
import { stepOf } from "../journal/envelope.js";
import { Shelf } from "../journal/shelf.js";
import type { Parts } from "../parts.js";
import { Draft } from "./draft.js";
import { channelJournals } from "./journal_type.js";
import type { ChannelOp } from "./ops.js";
import type { ChannelState } from "./state.js";

/** Heads asked for at the same time. */
const concurrentHeads = 128;
const maxLoads = 4;

/** Everything about channels but publishing: heads, history, snapshots. */
export class Channels {
  readonly shelf: Shelf<ChannelState, ChannelOp>;
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
    const type = channelJournals(parts.limits, parts.random);
    this.shelf = new Shelf({ ...parts, type, kind: "c" });
  }

  /** The channel as decisions are taken on it. */
  draft(channel: string, state: ChannelState): Draft {
    const { limits, random, nowMs } = this.#parts;
    return new Draft(channel, state, limits, random, nowMs());
  }

  async heads(channels: readonly string[]): Promise<readonly Head[] | Failure> {
    try {
      return await forEach(channels, (channel) => this.head(channel));
    } catch (error) {
      return failureOf(error);
    }
  }

  /** The newest position, as the stream's leader has it. Rejects with a StoreError. */
  async head(channel: string): Promise<Head> {
    return (await this.#headIfThere(channel)) ?? headOf(await this.shelf.of(channel).fresh());
  }

  /**
   * The newest positions of those that are there: asked for the position of one that was forgotten,
   * `head` begins it anew. Rejects with a StoreError.
   */
  headsIfThere(channels: readonly string[]): Promise<readonly (Head | undefined)[]> {
    return forEach(channels, (channel) => this.#headIfThere(channel));
  }

  async read(query: HistoryQuery): Promise<HistoryPage | Failure> {
    const { channel } = query;
    try {
      const state = await this.shelf.of(channel).fresh();
      return this.draft(channel, state).channel.read(query, this.#parts.nowMs());
    } catch (error) {
      return failureOf(error);
    }
  }

  async loadSnapshot(channel: string): Promise<Snapshot | null | Failure> {
    const { blobs, subjects } = this.#parts;
    const { subject } = subjects.journal(channel, "c");
    try {
      for (let tries = 0; tries < maxLoads; tries += 1) {
        const { snapshot } = await this.shelf.of(channel).fresh();
        if (snapshot === undefined) return null;
        const { position, blob } = snapshot;
        const text = await blobs.get(this.shelf.storeOf(channel), subject, blob);
        // A newer one has replaced it meanwhile.
        if (text === undefined) continue;
        return { position, state: JSON.parse(text) };
      }
      return failure("unavailable", "The channel's snapshot is not there.");
    } catch (error) {
      return failureOf(error);
    }
  }

  async storeSnapshot(channel: string, snapshot: Snapshot): Promise<boolean | Failure> {
    const { blobs, limits, nowMs, subjects } = this.#parts;
    const copied = copyData(snapshot.state);
    if (copied === undefined) return failure("invalid_data", "The state is not a JSON value.");
    if (copied.bytes > limits.maxSnapshotBytes) return failure("too_large");
    const store = this.shelf.storeOf(channel);
    const placeholder = { position: { ...snapshot.position }, state: null };
    const { subject } = subjects.journal(channel, "c");
    let blob: string | undefined;
    try {
      blob = await blobs.put(store, subject, JSON.stringify(copied.value));
      const name = blob;
      const done = await this.shelf.of(channel).transact((state) => {
        const before = state.snapshot?.blob;
        const draft = this.draft(channel, state);
        const stored = mayBeNamed(name, nowMs())
          ? draft.channel.storeSnapshot(placeholder, nowMs())
          : failure("timeout");
        const ops = stored === true ? draft.ops(name) : [];
        return { ops, head: draft.head, result: { stored, before }, sure: stored === true };
      });
      const goes = done.stored === true ? done.before : blob;
      if (goes !== undefined) blobs.drop(store, subject, goes);
      return done.stored;
    } catch (error) {
      return failureOf(error);
    }
  }

  async #headIfThere(channel: string): Promise<Head | undefined> {
    const store = this.shelf.storeOf(channel);
    const last = await store.last(this.#parts.subjects.journal(channel, "c").subject);
    if (last === undefined) return undefined;
    const { g, h, e } = stepOf(last).envelope;
    if (e === 1) return undefined;
    const [epoch, offset, id] = (h ?? []) as [string?, number?, string?];
    if (g === store.generation && epoch !== undefined && offset !== undefined) {
      return id === undefined ? { epoch, offset } : { epoch, offset, id };
    }
    return headOf(await this.shelf.of(channel).fresh());
  }
}

function headOf({ epoch, log: { top, topId } }: ChannelState): Head {
  return topId === undefined ? { epoch, offset: top } : { epoch, offset: top, id: topId };
}

/** The answers for some channels, a bounded number of them asked for at a time. */
async function forEach<T>(
  channels: readonly string[],
  ask: (channel: string) => Promise<T>,
): Promise<readonly T[]> {
  const answers: T[] = [];
  for (let from = 0; from < channels.length; from += concurrentHeads) {
    answers.push(...(await Promise.all(channels.slice(from, from + concurrentHeads).map(ask))));
  }
  return answers;
}
