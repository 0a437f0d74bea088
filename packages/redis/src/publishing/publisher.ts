import type { PublishOutcome, PublishRequest } from "@holdfast/broker";
import type { Clock, Random } from "@holdfast/core";
import type { Failure } from "@holdfast/protocol";
import { failureOf } from "../failures.js";
import type { Keys } from "../keys.js";
import type { RedisLimits } from "../limits.js";
import { noteScript } from "../scripts/changes.js";
import { publishScript } from "../scripts/publish.js";
import { asciiOf, listOf, textOf } from "../servers/replies.js";
import { CommandError, type Reply, type Servers } from "../servers/servers.js";
import { outcomeOf, publishCall } from "./batch.js";
import { type PublishItem, publishItem } from "./item.js";
import { Lanes } from "./lanes.js";

const entryIdLength = 8;
const nonceLength = 12;
/** Tries to note a change whose partition's index is on the move, and the pause between them. */
const maxNoteTries = 20;
const noteRetryMs = 250;

/** What the publisher is made of. */
export interface PublisherOptions {
  readonly servers: Servers;
  readonly keys: Keys;
  readonly limits: RedisLimits;
  readonly clock: Clock;
  readonly random: Random;
}

/** Publishes in batches, one call of the script each. */
export class Publisher {
  readonly #options: PublisherOptions;
  readonly #lanes: Lanes;

  constructor(options: PublisherOptions) {
    this.#options = options;
    const { clock, limits, servers } = options;
    this.#lanes = new Lanes({
      clock,
      limits,
      callsPerLane: servers.callsPerLane,
      carryOut: (batch) => this.#carryOut(batch),
    });
  }

  publish(request: PublishRequest): Promise<PublishOutcome> {
    const { random, limits, servers, keys } = this.#options;
    return new Promise((resolve) => {
      const item = publishItem(request, random.id(entryIdLength), limits, resolve);
      if ("ok" in item) {
        resolve(item);
        return;
      }
      const refusal = this.#lanes.add(servers.laneOf(keys.partitionOf(request.channel)), item);
      if (refusal !== undefined) resolve(refusal);
    });
  }

  /** Tells everything that waits that it was not carried out. */
  refuseWaiting(reason: Failure): void {
    for (const item of this.#lanes.drain()) item.done(reason);
  }

  async #carryOut(batch: readonly PublishItem[]): Promise<void> {
    try {
      await this.#call(batch);
    } catch (error) {
      const several = new Set(batch.map((item) => item.channel)).size > 1;
      if (several && error instanceof CommandError && error.code === "TRYAGAIN") {
        await this.#oneByOne(batch);
        return;
      }
      const reason = failureOf(error);
      for (const item of batch) item.done(reason);
    }
  }

  /** While a slot moves, only calls for one channel are certain to find it whole. */
  async #oneByOne(batch: readonly PublishItem[]): Promise<void> {
    const byChannel = new Map<string, PublishItem[]>();
    for (const item of batch) {
      const items = byChannel.get(item.channel);
      if (items === undefined) byChannel.set(item.channel, [item]);
      else items.push(item);
    }
    await Promise.all([...byChannel.values()].map((items) => this.#carryOut(items)));
  }

  async #call(batch: readonly PublishItem[]): Promise<void> {
    const { servers, keys, limits, random } = this.#options;
    if (!servers.available) throw new CommandError("The engine is unreachable.", { sent: false });
    const command = servers.sharded ? "SPUBLISH" : "PUBLISH";
    const head = { command, nonce: random.id(nonceLength), life: newLife(random) } as const;
    const { keys: names, args } = publishCall(batch, head, keys, limits);
    const reply = listOf(await servers.run(publishScript, names, args));
    const answers = listOf(reply[0]);
    for (let index = 0; index < batch.length; index += 1) {
      const item = batch[index];
      item?.done(outcomeOf(asciiOf(answers[index]), item));
    }
    this.#noteLater(listOf(reply[1]));
  }

  /** Notes changes at wherever their partition's index is by now. */
  #noteLater(unnoted: readonly Reply[]): void {
    const byPartition = new Map<number, string[]>();
    for (const reply of unnoted) {
      const channel = textOf(reply);
      const partition = this.#options.keys.partitionOf(channel);
      byPartition.set(partition, [...(byPartition.get(partition) ?? []), channel]);
    }
    for (const [partition, channels] of byPartition) this.#note(partition, channels, 1);
  }

  #note(partition: number, channels: readonly string[], attempt: number): void {
    const { servers, keys, limits, random, clock } = this.#options;
    const args = [newLife(random), limits.channelIdleMs, ...channels];
    servers.run(noteScript, [keys.changes(partition)], args).catch(() => {
      if (attempt >= maxNoteTries) return;
      clock.after(noteRetryMs, () => this.#note(partition, channels, attempt + 1));
    });
  }
}

/** Names a life of a partition's changes, as the score of a sorted set can hold it exactly. */
export function newLife(random: Random): number {
  return 1 + Math.floor(random.next() * 2 ** 48);
}
