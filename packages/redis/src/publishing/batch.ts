import type { PublishOutcome } from "@holdfast/broker";
import { type Failure, failure } from "@holdfast/protocol";
import type { Keys } from "../keys.js";
import type { RedisLimits } from "../limits.js";
import type { Argument } from "../servers/servers.js";
import type { PublishItem } from "./item.js";

/** How much longer than promised a key is kept: what a step of the server's clock may take off. */
const keySlack = 1.25;

/** The words a call of the publish script is made of. */
export interface PublishCall {
  readonly keys: readonly string[];
  readonly args: readonly Argument[];
}

/** What every call says first. */
export interface CallHead {
  readonly command: "SPUBLISH" | "PUBLISH";
  /** Makes new epochs' names unguessable. */
  readonly nonce: string;
  /** Names a new life of a partition's changes; a whole number above 0. */
  readonly life: number;
}

/** One call of the publish script for some publishes. */
export function publishCall(
  items: readonly PublishItem[],
  head: CallHead,
  keys: Keys,
  limits: RedisLimits,
): PublishCall {
  const channels = new Map<string, number>();
  const places: string[] = [];
  const values: Argument[] = [];
  for (const item of items) {
    let index = channels.get(item.channel);
    if (index === undefined) {
      index = channels.size + 1;
      channels.set(item.channel, index);
      const { channel } = item;
      places.push(channel, keys.changes(keys.partitionOf(channel)), keys.entryRelay(channel));
    }
    values.push(index, ...item.values);
  }
  return {
    keys: [...channels.keys()].map((channel) => keys.channel(channel)),
    args: [
      head.command,
      head.nonce,
      head.life,
      Math.ceil(limits.keyWindowMs * keySlack),
      limits.maxKeysPerChannel,
      limits.sessionIdleMs,
      limits.maxSessionsPerChannel,
      limits.maxSessionOutcomes,
      limits.maxPinnedBytes,
      limits.channelIdleMs,
      limits.maxPartitionChanges,
      ...places,
      ...values,
    ],
  };
}

/** Where the epoch begins in the answer to a publish that is there. */
const epochAt = 2;

/** Reads "a epoch offset id" in place: an answer a publish, which lists of words would be made and thrown away for. */
function published(answer: string, duplicate: boolean): PublishOutcome {
  const epochEnd = answer.indexOf(" ", epochAt);
  const offsetEnd = answer.indexOf(" ", epochEnd + 1);
  const epoch = answer.slice(epochAt, epochEnd);
  const offset = Number(answer.slice(epochEnd + 1, offsetEnd));
  return { ok: true, epoch, offset, id: answer.slice(offsetEnd + 1), duplicate };
}

function refused(word: string | undefined, number: number, item: PublishItem): Failure {
  switch (word) {
    case "c":
      return failure("conflict");
    case "o": {
      const seq = item.values[9];
      return failure("out_of_order", `The session's next seq is ${number}, not ${seq}.`);
    }
    case "g":
      return failure("out_of_order", `The session has gone on to generation ${number}.`);
    case "m": {
      const expected = item.values[6];
      return failure(
        "offset_mismatch",
        `The channel's newest offset is ${number}, not ${expected}.`,
      );
    }
    case "k":
      return failure("busy", "The channel remembers too many publish keys.", {
        retryAfterMs: number,
      });
    case "s":
      return failure("busy", "The channel has too many publisher sessions.");
    case "w":
      return failure("busy", "The channel waits for a snapshot of its state to be stored.", {
        retryAfterMs: 1_000,
      });
    default:
      throw new Error(`the publish script answered with ${word}`);
  }
}

/** Reads the script's answer to one publish. */
export function outcomeOf(answer: string, item: PublishItem): PublishOutcome {
  if (answer.startsWith("a ")) return published(answer, false);
  if (answer.startsWith("d ")) return published(answer, true);
  const [word, number] = answer.split(" ");
  return refused(word, Number(number), item);
}
