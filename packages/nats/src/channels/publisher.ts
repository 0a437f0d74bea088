import type { PublishOutcome, PublishRequest } from "@holdfast/broker";
import { type PreparedPublish, preparePublish } from "@holdfast/broker/internal";
import { type Failure, failure } from "@holdfast/protocol";
import { failureOf } from "../failures.js";
import type { Parts } from "../parts.js";
import type { Channels } from "./channels.js";
import type { ChannelState } from "./state.js";

interface Item {
  readonly prepared: PreparedPublish;
  settle(outcome: PublishOutcome): void;
}

interface Lane {
  waiting: Item[];
  running: boolean;
}

/**
 * Publishes, a channel's one after the other: those that wait for the same channel go together, as
 * one message that all of them are decided in.
 */
export class Publisher {
  readonly #parts: Parts;
  readonly #channels: Channels;
  readonly #lanes = new Map<string, Lane>();
  #queued = 0;
  #queuedBytes = 0;

  constructor(parts: Parts, channels: Channels) {
    this.#parts = parts;
    this.#channels = channels;
  }

  publish(given: PublishRequest): Promise<PublishOutcome> {
    // What the caller does to it afterwards must not reach the engine.
    const prepared = preparePublish({ ...given }, this.#parts.limits);
    if ("ok" in prepared) return Promise.resolve(prepared);
    const { request, bytes } = prepared;
    const { maxQueuedPublishes, maxQueuedBytes } = this.#parts.limits;
    if (this.#queued >= maxQueuedPublishes || this.#queuedBytes + bytes > maxQueuedBytes) {
      const message = "Too many publishes wait for the engine.";
      return Promise.resolve(failure("busy", message, { retryAfterMs: 100 }));
    }
    return new Promise((resolve) => {
      const item: Item = { prepared, settle: resolve };
      this.#queued += 1;
      this.#queuedBytes += bytes;
      const lane = this.#lanes.get(request.channel) ?? { waiting: [], running: false };
      this.#lanes.set(request.channel, lane);
      lane.waiting.push(item);
      if (!lane.running) void this.#run(request.channel, lane);
    });
  }

  /** Answers everything that was not sent yet. */
  refuseWaiting(refusal: Failure): void {
    for (const lane of this.#lanes.values()) {
      const items = lane.waiting;
      lane.waiting = [];
      for (const item of items) this.#settle(item, refusal);
    }
  }

  async #run(channel: string, lane: Lane): Promise<void> {
    lane.running = true;
    // What is published in the same tick goes along.
    await Promise.resolve();
    while (lane.waiting.length > 0) await this.#carryOut(channel, this.#take(lane));
    lane.running = false;
    this.#lanes.delete(channel);
  }

  #take(lane: Lane): Item[] {
    const { maxBatchCount, maxBatchBytes } = this.#parts.limits;
    let count = 0;
    let bytes = 0;
    for (const item of lane.waiting) {
      bytes += item.prepared.bytes;
      if (count > 0 && (count >= maxBatchCount || bytes > maxBatchBytes)) break;
      count += 1;
    }
    return lane.waiting.splice(0, count);
  }

  async #carryOut(channel: string, items: readonly Item[]): Promise<void> {
    try {
      const outcomes = await this.#channels.shelf
        .of(channel)
        .transact((state) => this.#decide(channel, state, items));
      for (const [index, item] of items.entries()) {
        this.#settle(item, outcomes[index] ?? failure("internal"));
      }
    } catch (error) {
      const refusal = this.#refusalOf(error);
      for (const item of items) this.#settle(item, refusal);
    }
  }

  #decide(channel: string, state: ChannelState, items: readonly Item[]) {
    const draft = this.#channels.draft(channel, state);
    const nowMs = this.#parts.nowMs();
    const outcomes = items.map(({ prepared }): PublishOutcome => {
      const appended = draft.channel.publishPrepared(prepared, nowMs);
      if (!appended.ok) return appended;
      const { epoch, offset, id } = appended.outcome;
      return { ok: true, epoch, offset, id, duplicate: appended.entry === undefined };
    });
    return { ops: draft.ops(), head: draft.head, result: outcomes, sure: false };
  }

  #refusalOf(error: unknown): Failure {
    try {
      return failureOf(error);
    } catch {
      const { logger, gateway } = this.#parts;
      const message = error instanceof Error ? error.message : String(error);
      logger.error("publishing failed", { gateway, message });
      return failure("internal", undefined, { unknown: true });
    }
  }

  #settle(item: Item, outcome: PublishOutcome): void {
    this.#queued -= 1;
    this.#queuedBytes -= item.prepared.bytes;
    item.settle(outcome);
  }
}
