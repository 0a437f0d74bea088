import type { Lineage, PublisherSession } from "@holdfast/broker";
import type { Outcome } from "@holdfast/broker/internal";
import type { Step } from "../journal/envelope.js";
import { FoldedLog } from "./folded_log.js";
import {
  type ChannelOp,
  entryOf,
  outcomeOf,
  type Published,
  type SnapshotPlace,
  type StoredOutcome,
} from "./ops.js";

/** A publisher session as it is remembered. */
export interface Session {
  readonly generation: number;
  last: number;
  usedMs: number;
  /** Newest outcomes by seq, oldest first. */
  readonly outcomes: Map<number, Outcome>;
}

/** One channel as its journal has it. */
export interface ChannelState {
  epoch: string;
  lineage: readonly Lineage[];
  log: FoldedLog;
  /** In order of publishing. */
  keys: Map<string, Outcome>;
  /** In order of use. */
  sessions: Map<string, Session>;
  snapshot: SnapshotPlace | undefined;
  pinned: boolean;
}

/**
 * Outcomes by what they are known by, one after the other: that, epoch ("" for the channel's), offset, id,
 * digest, time. A list of lists would be ten thousands of them for a busy channel.
 */
type Flat = readonly (string | number)[];
const flatLength = 6;

/** A channel in a checkpoint: everything but the entries. */
interface SavedChannel {
  readonly epoch: string;
  readonly lineage: readonly Lineage[];
  readonly top: number;
  readonly topId?: string;
  readonly first: number;
  readonly bounds: FoldedLog["bounds"];
  /** Names and outcomes, `flatLength` values each. */
  readonly keys: Flat;
  /** Id, generation, last seq, time of use; seqs and outcomes like keys. */
  readonly sessions: readonly (readonly [string, number, number, number, Flat])[];
  readonly snapshot?: SnapshotPlace;
  readonly pinned: boolean;
}

/** Nothing yet. */
export function emptyChannel(): ChannelState {
  return {
    epoch: "",
    lineage: [],
    log: new FoldedLog(),
    keys: new Map(),
    sessions: new Map(),
    snapshot: undefined,
    pinned: false,
  };
}

/** Carries out what was decided in the message at `seq`. */
export function applyToChannel(
  state: ChannelState,
  op: ChannelOp,
  seq: number,
  maxSessionOutcomes: number,
): void {
  switch (op[0]) {
    case "b":
      Object.assign(state, emptyChannel(), { epoch: op[1] });
      return;
    case "e":
      state.epoch = op[1];
      state.lineage = op[2];
      if (state.snapshot !== undefined) {
        const { position, blob } = state.snapshot;
        state.snapshot = { position: { ...position, epoch: op[1] }, blob };
      }
      return;
    case "a":
      state.log.append({ entry: entryOf(op[1]), bytes: op[2], atMs: op[3], seq });
      return;
    case "h":
      state.log.bounds = { maxCount: op[1], maxBytes: op[2], maxAgeMs: op[3] };
      state.pinned = op[4] === 1;
      return;
    case "t":
      state.log.trimTo(op[1]);
      return;
    case "p":
      publish(state, op, seq, maxSessionOutcomes);
      return;
    case "s": {
      const [, id, generation, place, outcome, usedMs] = op;
      const used = { id, generation, seq: place };
      rememberSeq(state.sessions, used, outcomeOf(outcome), usedMs, maxSessionOutcomes);
      return;
    }
    case "f":
      state.sessions.delete(op[1]);
      return;
    case "x":
      state.snapshot = op[1] ?? undefined;
      return;
  }
}

function publish(
  state: ChannelState,
  [, stored, bytes, atMs, digest, keyName, id, generation, place]: Published,
  seq: number,
  maxSessionOutcomes: number,
): void {
  const entry = entryOf(stored);
  state.log.append({ entry, bytes, atMs, seq });
  const outcome = { epoch: state.epoch, offset: entry.offset, id: entry.id, digest, atMs };
  if (keyName !== null) state.keys.set(keyName, outcome);
  if (id === null) return;
  rememberSeq(state.sessions, { id, generation, seq: place }, outcome, atMs, maxSessionOutcomes);
}

function rememberSeq(
  sessions: Map<string, Session>,
  { id, generation, seq }: Required<PublisherSession>,
  outcome: Outcome,
  usedMs: number,
  maxSessionOutcomes: number,
): void {
  const known = sessions.get(id);
  const session =
    known?.generation === generation
      ? known
      : { generation, last: 0, usedMs, outcomes: new Map<number, Outcome>() };
  session.last = seq;
  session.usedMs = usedMs;
  session.outcomes.set(seq, outcome);
  if (session.outcomes.size > maxSessionOutcomes) session.outcomes.delete(seq - maxSessionOutcomes);
  sessions.delete(id);
  sessions.set(id, session);
}

/** A channel for a checkpoint. */
export function saveChannel(state: ChannelState): SavedChannel {
  const { epoch, lineage, log, keys, sessions, snapshot, pinned } = state;
  return {
    epoch,
    lineage,
    top: log.top,
    ...(log.topId !== undefined && { topId: log.topId }),
    first: log.first,
    bounds: log.bounds,
    keys: flatOutcomes(keys, epoch),
    sessions: [...sessions].map(([id, { generation, last, usedMs, outcomes }]) => [
      id,
      generation,
      last,
      usedMs,
      flatOutcomes(outcomes, epoch),
    ]),
    ...(snapshot !== undefined && { snapshot }),
    pinned,
  };
}

/** A channel from a checkpoint and the messages that hold its entries. */
export function restoreChannel(saved: unknown, steps: readonly Step[]): ChannelState {
  const { epoch, lineage, bounds, keys, sessions, snapshot, pinned, ...log } =
    saved as SavedChannel;
  const folded = restoredLog(log, steps);
  folded.bounds = bounds;
  return {
    epoch,
    lineage,
    log: folded,
    keys: outcomesOf<string>(keys, epoch),
    sessions: new Map(
      sessions.map(([id, generation, last, usedMs, outcomes]) => [
        id,
        {
          generation,
          last,
          usedMs,
          outcomes: outcomesOf<number>(outcomes, epoch),
        },
      ]),
    ),
    snapshot,
    pinned,
  };
}

function flatOutcomes(outcomes: ReadonlyMap<string | number, Outcome>, current: string): Flat {
  const flat: (string | number)[] = [];
  for (const [name, { epoch, offset, id, digest, atMs }] of outcomes) {
    flat.push(name, epoch === current ? "" : epoch, offset, id, digest, atMs);
  }
  return flat;
}

function outcomesOf<Name extends string | number>(flat: Flat, current: string): Map<Name, Outcome> {
  const outcomes = new Map<Name, Outcome>();
  for (let at = 0; at < flat.length; at += flatLength) {
    const values = flat.slice(at, at + flatLength);
    const [name, epoch, offset, id, digest, atMs] = values as [Name, ...StoredOutcome];
    outcomes.set(name, { epoch: epoch || current, offset, id, digest, atMs });
  }
  return outcomes;
}

/** The entries from the first retained one on; those that are not there any more count as trimmed. */
function restoredLog(
  { first, top, topId }: Pick<SavedChannel, "first" | "top" | "topId">,
  steps: readonly Step[],
): FoldedLog {
  let log = new FoldedLog();
  for (const { seq, envelope } of steps) {
    for (const op of envelope.o as readonly ChannelOp[]) {
      if (op[0] === "b") log = new FoldedLog();
      if ((op[0] !== "a" && op[0] !== "p") || op[1].offset < first) continue;
      if (log.count > 0 && op[1].offset !== log.top + 1) log = new FoldedLog();
      log.append({ entry: entryOf(op[1]), bytes: op[2], atMs: op[3], seq });
    }
  }
  if (log.top !== top) log = new FoldedLog();
  log.top = top;
  log.topId = topId;
  return log;
}
