import {
  type Entry,
  type Head,
  type HistoryPage,
  type HistoryQuery,
  isFailure,
  type Lineage,
  type PartitionChanges,
  type Snapshot,
} from "@holdfast/broker";
import type { Random } from "@holdfast/core";
import { type Failure, failure } from "@holdfast/protocol";
import { failureOf } from "./failures.js";
import type { Keys } from "./keys.js";
import type { RedisLimits } from "./limits.js";
import { newLife } from "./publishing/publisher.js";
import { decodeStored } from "./relay/frames.js";
import { changesScript } from "./scripts/changes.js";
import {
  headsScript,
  loadSnapshotScript,
  readScript,
  storeSnapshotScript,
  touchScript,
} from "./scripts/channels.js";
import type { Script } from "./scripts/script.js";
import { bytesOf, listOf, numberOf, textOf } from "./servers/replies.js";
import { type Argument, CommandError, type Reply, type Servers } from "./servers/servers.js";

const nonceLength = 12;
/** Channels in one call of a script. */
const maxChannelsPerCall = 100;

/** What reading is made of. */
export interface ChannelsOptions {
  readonly servers: Servers;
  readonly keys: Keys;
  readonly limits: RedisLimits;
  readonly random: Random;
}

/** Everything about channels but publishing: heads, history, changes, snapshots. */
export class Channels {
  readonly #servers: Servers;
  readonly #keys: Keys;
  readonly #limits: RedisLimits;
  readonly #random: Random;

  constructor({ servers, keys, limits, random }: ChannelsOptions) {
    this.#servers = servers;
    this.#keys = keys;
    this.#limits = limits;
    this.#random = random;
  }

  async heads(channels: readonly string[]): Promise<readonly Head[] | Failure> {
    try {
      const replies = await this.#each(headsScript, channels, []);
      return channels.map((channel) => headOf(textOf(replies.get(channel))));
    } catch (error) {
      return failureOf(error);
    }
  }

  async head(channel: string): Promise<Head | Failure> {
    const heads = await this.heads([channel]);
    if (isFailure(heads)) return heads;
    return heads[0] ?? failure("internal", "The engine answered without a head.");
  }

  /** Keeps channels that are followed from being forgotten, and lets aged entries go. */
  async touch(channels: readonly string[]): Promise<void> {
    await this.#each(touchScript, channels, [this.#limits.maxPinnedBytes]);
  }

  async read(query: HistoryQuery): Promise<HistoryPage | Failure> {
    const { maxPageCount, maxPageBytes, maxPinnedBytes } = this.#limits;
    const after = Math.max(0, query.after);
    const maxCount = Math.min(Math.max(1, query.maxCount), maxPageCount);
    const maxBytes = Math.min(Math.max(1, query.maxBytes), maxPageBytes);
    try {
      const args = [maxPinnedBytes, after, maxCount, maxBytes];
      return pageOf(listOf(await this.#one(readScript, query.channel, args)), after);
    } catch (error) {
      return failureOf(error);
    }
  }

  async changes(
    partition: number,
    cursor: string | undefined,
  ): Promise<PartitionChanges | Failure> {
    const [life = "", version = ""] = cursor?.split(".") ?? [];
    try {
      const args = [newLife(this.#random), this.#limits.channelIdleMs, life, version];
      const key = this.#keys.changes(partition);
      const reply = listOf(await this.#servers.run(changesScript, [key], args));
      // Names that begin like this are the index's own.
      const names = listOf(reply[3])
        .map(textOf)
        .filter((name) => !name.startsWith("\u0001"));
      const heads = await this.heads(names);
      if (isFailure(heads)) return heads;
      return {
        cursor: `${textOf(reply[0])}.${textOf(reply[1])}`,
        complete: numberOf(reply[2]) === 1,
        changed: heads.map((head, index) => ({ channel: names[index] ?? "", head })),
      };
    } catch (error) {
      return failureOf(error);
    }
  }

  async loadSnapshot(channel: string): Promise<Snapshot | null | Failure> {
    try {
      const reply = await this.#one(loadSnapshotScript, channel, []);
      if (reply === null) return null;
      const [epoch, offset, id, state] = listOf(reply);
      const witness = textOf(id);
      return {
        position: {
          epoch: textOf(epoch),
          offset: numberOf(offset),
          ...(witness !== "" && { id: witness }),
        },
        state: JSON.parse(textOf(state)),
      };
    } catch (error) {
      return failureOf(error);
    }
  }

  async storeSnapshot(channel: string, snapshot: Snapshot): Promise<boolean | Failure> {
    const state = jsonOf(snapshot.state);
    if (state === undefined) return failure("invalid_data", "The state is not a JSON value.");
    if (Buffer.byteLength(state) > this.#limits.maxSnapshotBytes) return failure("too_large");
    const { epoch, offset, id = "" } = snapshot.position;
    try {
      const args = [this.#limits.maxPinnedBytes, epoch, offset, id, state];
      return numberOf(await this.#one(storeSnapshotScript, channel, args)) === 1;
    } catch (error) {
      return failureOf(error);
    }
  }

  #one(script: Script, channel: string, own: readonly Argument[]): Promise<Reply> {
    return this.#servers.run(script, [this.#keys.channel(channel)], this.#args(own));
  }

  #args(own: readonly Argument[]): Argument[] {
    return [this.#random.id(nonceLength), this.#limits.channelIdleMs, ...own];
  }

  /** Runs a script that answers for each of its channels. */
  async #each(
    script: Script,
    channels: readonly string[],
    own: readonly Argument[],
  ): Promise<ReadonlyMap<string, Reply | undefined>> {
    const lanes = new Map<number, string[]>();
    for (const channel of new Set(channels)) {
      const lane = this.#servers.laneOf(this.#keys.partitionOf(channel));
      const names = lanes.get(lane);
      if (names === undefined) lanes.set(lane, [channel]);
      else names.push(channel);
    }
    const replies = new Map<string, Reply | undefined>();
    const call = async (names: readonly string[]): Promise<void> => {
      const keys = names.map((name) => this.#keys.channel(name));
      try {
        const reply = await this.#servers.run(script, keys, this.#args(own));
        const answers = Array.isArray(reply) ? reply : [];
        for (const [index, name] of names.entries()) replies.set(name, answers[index]);
      } catch (error) {
        const moving = error instanceof CommandError && error.code === "TRYAGAIN";
        if (!moving || names.length === 1) throw error;
        await Promise.all(names.map((name) => call([name])));
      }
    };
    const calls: Promise<void>[] = [];
    for (const names of lanes.values()) {
      for (let from = 0; from < names.length; from += maxChannelsPerCall) {
        calls.push(call(names.slice(from, from + maxChannelsPerCall)));
      }
    }
    await Promise.all(calls);
    return replies;
  }
}

function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

function headOf(text: string): Head {
  const [epoch = "", offset, id = ""] = text.split(" ");
  return { epoch, offset: Number(offset), ...(id !== "" && { id }) };
}

function lineageOf(text: string): Lineage[] {
  if (text === "") return [];
  return text.split(",").map((part) => {
    const [parent = "", upTo] = part.split(":");
    return { parent, upTo: Number(upTo) };
  });
}

function pageOf(reply: readonly Reply[], after: number): HistoryPage {
  const [top, first] = [numberOf(reply[1]), numberOf(reply[3])];
  const [topId, witness] = [textOf(reply[2]), textOf(reply[5])];
  const start = Math.max(after + 1, first);
  const entries: Entry[] = listOf(reply[6]).map((stored, index) =>
    decodeStored(start + index, bytesOf(stored)),
  );
  return {
    epoch: textOf(reply[0]),
    top,
    ...(topId !== "" && { topId }),
    first,
    lineage: lineageOf(textOf(reply[4])),
    ...(witness !== "" && { witness }),
    entries,
  };
}
