import { type Head, isFailure, type PartitionChanges } from "@holdfast/broker";
import type { Timer } from "@holdfast/core";
import type { Failure } from "@holdfast/protocol";
import { ask } from "./ask.js";
import type { HubContext } from "./context.js";
import type { HubChannel } from "./hub-channel.js";

/** Channels asked for in one `heads` read. */
const HEADS_BATCH = 256;
/** Partitions asked at the same time. */
const CONCURRENT_READS = 8;
/** Presence lists compared in one round. */
const PRESENCE_BATCH = 64;
/** Pause before a comparison that failed is repeated, in milliseconds. */
const RETRY_MS = 1_000;
/** Part of the interval that chance adds to it. */
const JITTER = 0.5;

type Work = (done: () => void) => void;

/**
 * Finds what the relay lost on channels that stay quiet afterwards: asks each partition what
 * changed since the last time, and compares channel by channel only where the engine cannot tell.
 */
export class QuietCheck {
  readonly #context: HubContext;
  readonly #channels: ReadonlyMap<string, HubChannel>;
  readonly #cursors = new Map<number, string>();
  #timer: Timer | undefined;
  #presenceFrom = 0;
  #stopped = false;

  constructor(context: HubContext, channels: ReadonlyMap<string, HubChannel>) {
    this.#context = context;
    this.#channels = channels;
    this.#schedule();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  /** Compares every followed channel, soon. */
  compareAll(): void {
    this.#run([...this.#headBatches([...this.#channels.values()])], () => {});
    for (const channel of this.#channels.values()) channel.presence.check();
  }

  #schedule(): void {
    if (this.#stopped) return;
    const { clock, random, settings } = this.#context;
    const delayMs = settings.quietCheckIntervalMs * (1 + random.next() * JITTER);
    this.#timer = clock.after(delayMs, () => this.#check());
  }

  #check(): void {
    const byPartition = new Map<number, HubChannel[]>();
    for (const channel of this.#channels.values()) {
      if (!channel.following) continue;
      const partition = this.#context.link.partitionOf(channel.name);
      const others = byPartition.get(partition);
      if (others === undefined) byPartition.set(partition, [channel]);
      else others.push(channel);
    }
    for (const partition of this.#cursors.keys()) {
      if (!byPartition.has(partition)) this.#cursors.delete(partition);
    }
    this.#checkPresence();
    const works = [...byPartition].map(([partition, channels]): Work => {
      return (done) => this.#askPartition(partition, channels, done);
    });
    this.#run(works, () => this.#schedule());
  }

  #askPartition(partition: number, channels: readonly HubChannel[], done: () => void): void {
    const { link } = this.#context;
    ask(
      () => link.changes(partition, this.#cursors.get(partition)),
      (changes: PartitionChanges | Failure) => {
        if (isFailure(changes)) {
          done();
          return;
        }
        this.#cursors.set(partition, changes.cursor);
        for (const { channel, head } of changes.changed) this.#channels.get(channel)?.compare(head);
        if (changes.complete) done();
        else this.#run([...this.#headBatches(channels)], done);
      },
    );
  }

  *#headBatches(channels: readonly HubChannel[]): Iterable<Work> {
    for (let start = 0; start < channels.length; start += HEADS_BATCH) {
      const batch = channels.slice(start, start + HEADS_BATCH);
      yield (done) => this.#askHeads(batch, done);
    }
  }

  #askHeads(channels: readonly HubChannel[], done: () => void): void {
    const names = channels.map((channel) => channel.name);
    ask(
      () => this.#context.link.heads(names),
      (heads: readonly Head[] | Failure) => {
        if (!isFailure(heads)) {
          for (const [index, head] of heads.entries()) channels[index]?.compare(head);
        } else if (!this.#stopped) {
          const again = channels.filter((channel) => !channel.released);
          if (again.length > 0) {
            this.#context.clock.after(RETRY_MS, () => {
              if (!this.#stopped) this.#askHeads(again, () => {});
            });
          }
        }
        done();
      },
    );
  }

  #checkPresence(): void {
    const watched = [...this.#channels.values()].filter((channel) => channel.presence.watched);
    const from = this.#presenceFrom < watched.length ? this.#presenceFrom : 0;
    for (const channel of watched.slice(from, from + PRESENCE_BATCH)) channel.presence.check();
    this.#presenceFrom = from + PRESENCE_BATCH;
  }

  /** Works through a list, a few at a time, then calls `done` once. */
  #run(works: readonly Work[], done: () => void): void {
    let next = 0;
    let running = 0;
    let finished = false;
    let pumping = false;
    const pump = (): void => {
      if (pumping) return;
      pumping = true;
      while (running < CONCURRENT_READS && next < works.length) {
        const work = works[next++];
        running++;
        work?.(() => {
          running--;
          pump();
        });
      }
      pumping = false;
      if (running === 0 && next >= works.length && !finished) {
        finished = true;
        done();
      }
    };
    pump();
  }
}
