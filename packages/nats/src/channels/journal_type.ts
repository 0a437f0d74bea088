import type { Lineage } from "@holdfast/broker";
import type { Random } from "@holdfast/core";
import type { Decided, JournalType } from "../journal/type.js";
import type { NatsLimits } from "../limits.js";
import type { ChannelOp } from "./ops.js";
import {
  applyToChannel,
  type ChannelState,
  emptyChannel,
  restoreChannel,
  saveChannel,
} from "./state.js";

const epochLength = 12;
/** Ancestors a channel remembers, nearest first. */
const maxLineage = 16;
/** About what an entry, a key or a session takes beside its payload, in bytes. */
const overheadBytes = 200;

/** Channels as journals. */
export function channelJournals(
  limits: NatsLimits,
  random: Random,
): JournalType<ChannelState, ChannelOp> {
  const anew = (): Decided<ChannelOp> => {
    const epoch = random.id(epochLength);
    return { ops: [["b", epoch]], head: [epoch, 0] };
  };
  return {
    empty: emptyChannel,
    apply: (state, op, seq) => applyToChannel(state, op, seq, limits.maxSessionOutcomes),
    save: saveChannel,
    restore: restoreChannel,
    head: headOf,
    blobs: ({ snapshot }) => (snapshot === undefined ? [] : [snapshot.blob]),
    keep: ({ log }) => log.at(log.first)?.seq ?? 0,
    begin(state) {
      if (state === undefined || lacksState(state)) return anew();
      const epoch = random.id(epochLength);
      return { ops: [["e", epoch, lineageOf(state)]], head: headOf({ ...state, epoch }) };
    },
    weigh: ({ log, keys, sessions }) =>
      log.bytes + (log.count + keys.size + sessions.size) * overheadBytes,
  };
}

function headOf({ epoch, log: { top, topId } }: ChannelState): readonly unknown[] {
  return topId === undefined ? [epoch, top] : [epoch, top, topId];
}

/** Whether the state can be had neither from the snapshot nor from the entries. */
function lacksState({ pinned, snapshot, log }: ChannelState): boolean {
  return pinned && log.first > (snapshot?.position.offset ?? 0) + 1;
}

/** Whoever has seen no more than what is there may go on from it. */
function lineageOf({ epoch, lineage, log }: ChannelState): Lineage[] {
  const older = lineage.map(({ parent, upTo }) => ({ parent, upTo: Math.min(upTo, log.top) }));
  return [{ parent: epoch, upTo: log.top }, ...older].slice(0, maxLineage);
}
