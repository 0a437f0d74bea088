import type { Clock } from "@holdfast/core";
import { type Failure, failure } from "@holdfast/protocol";
import type { RedisLimits } from "../limits.js";
import type { PublishItem } from "./item.js";

/** What the lanes are made of. */
export interface LanesOptions {
  readonly clock: Clock;
  readonly limits: RedisLimits;
  readonly callsPerLane: number;
  /** Carries a batch out and tells each of its items the outcome; never rejects. */
  readonly carryOut: (batch: readonly PublishItem[]) => Promise<void>;
}

interface Lane {
  waiting: PublishItem[];
  running: number;
  scheduled: boolean;
}

/**
 * Publishes wait in the lane of their server's partition while earlier ones are under way, and then
 * go together: a quiet lane adds no delay, and a busy one makes its batches larger by itself.
 */
export class Lanes {
  readonly #options: LanesOptions;
  readonly #lanes = new Map<number, Lane>();
  #count = 0;
  #bytes = 0;

  constructor(options: LanesOptions) {
    this.#options = options;
  }

  /** Queues a publish; undefined: it will be told its outcome. */
  add(laneName: number, item: PublishItem): Failure | undefined {
    const { limits, clock } = this.#options;
    if (
      this.#count >= limits.maxQueuedPublishes ||
      this.#bytes + item.bytes > limits.maxQueuedBytes
    ) {
      return failure("busy", "Too many publishes wait for the engine.");
    }
    const lane = this.#lanes.get(laneName) ?? { waiting: [], running: 0, scheduled: false };
    this.#lanes.set(laneName, lane);
    lane.waiting.push(item);
    this.#count += 1;
    this.#bytes += item.bytes;
    if (!lane.scheduled) {
      lane.scheduled = true;
      clock.soon(() => {
        lane.scheduled = false;
        this.#run(laneName, lane);
      });
    }
    return undefined;
  }

  /** Takes back everything that is not under way yet. */
  drain(): PublishItem[] {
    const items = [...this.#lanes.values()].flatMap((lane) => lane.waiting.splice(0));
    this.#count = 0;
    this.#bytes = 0;
    return items;
  }

  #run(name: number, lane: Lane): void {
    while (lane.running < this.#options.callsPerLane && lane.waiting.length > 0) {
      const batch = this.#take(lane);
      lane.running += 1;
      this.#options.carryOut(batch).finally(() => {
        lane.running -= 1;
        this.#run(name, lane);
        if (lane.running === 0 && lane.waiting.length === 0 && !lane.scheduled) {
          this.#lanes.delete(name);
        }
      });
    }
  }

  #take(lane: Lane): PublishItem[] {
    const { maxBatchCount, maxBatchBytes } = this.#options.limits;
    let count = 0;
    let bytes = 0;
    for (const item of lane.waiting) {
      if (count >= maxBatchCount || (count > 0 && bytes + item.bytes > maxBatchBytes)) break;
      count += 1;
      bytes += item.bytes;
    }
    this.#count -= count;
    this.#bytes -= bytes;
    return lane.waiting.splice(0, count);
  }
}
