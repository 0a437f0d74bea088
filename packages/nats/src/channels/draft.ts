import { Channel, type MemoryLimits } from "@holdfast/broker/internal";
import type { Random } from "@holdfast/core";
import type { NatsLimits } from "../limits.js";
import { DraftLog } from "./draft_log.js";
import { DraftPublishers } from "./draft_publishers.js";
import type { ChannelOp } from "./ops.js";
import type { ChannelState } from "./state.js";

/**
 * A channel on which decisions are taken that are not stored yet. The rules are the memory
 * engine's own; what they do is noted instead of being done.
 */
export class Draft {
  readonly channel: Channel;
  readonly #state: ChannelState;
  readonly #ops: ChannelOp[] = [];
  readonly #log: DraftLog;

  constructor(
    name: string,
    state: ChannelState,
    limits: NatsLimits & MemoryLimits,
    random: Random,
    nowMs: number,
  ) {
    const { epoch, lineage, snapshot, pinned } = state;
    this.#state = state;
    this.#log = new DraftLog(state.log, this.#ops);
    this.channel = new Channel(name, limits, random, nowMs, {
      epoch,
      lineage,
      log: this.#log,
      publishers: new DraftPublishers(state, limits, this.#ops),
      snapshot: snapshot && { position: snapshot.position, state: null },
      pinned,
    });
  }

  /** What of the channel is known without folding it: epoch, newest offset, its id. */
  get head(): readonly unknown[] {
    const { epoch, offset, id } = this.channel.head;
    return id === undefined ? [epoch, offset] : [epoch, offset, id];
  }

  /** What was decided, asked for once. `blob` holds the snapshot, if one was stored. */
  ops(blob?: string): ChannelOp[] {
    const ops = this.#ops;
    const { maxCount, maxBytes, maxAgeMs } = this.#log.bounds;
    const { log, pinned, snapshot } = this.#state;
    if (this.#log.bounds !== log.bounds || this.channel.pinned !== pinned) {
      const same =
        log.bounds.maxCount === maxCount &&
        log.bounds.maxBytes === maxBytes &&
        log.bounds.maxAgeMs === maxAgeMs &&
        this.channel.pinned === pinned;
      if (!same) ops.push(["h", maxCount, maxBytes, maxAgeMs, this.channel.pinned ? 1 : 0]);
    }
    const position = this.channel.snapshot?.position;
    if (position === undefined && snapshot !== undefined) ops.push(["x", null]);
    if (position !== undefined && blob !== undefined) ops.push(["x", { position, blob }]);
    // What only time has let go is let go by whoever looks; it is noted with what is decided anyway.
    if (ops.length > 0 && this.#log.first > log.first) ops.push(["t", this.#log.first]);
    return ops;
  }
}
