import type { SeededRandom } from "@holdfast/core/testing";
import type { ChannelRules } from "@holdfast/gateway";
import { folds, type SnapshotHandler } from "@holdfast/protocol";
import type { Plan } from "../plan/plan.js";

/** Namespaces of the simulation's channels: without state, and with each mode of it. */
export const channelKinds = ["room", "last", "merge", "book"] as const;

/** One of them; the state of a `book` is the application's. */
export type ChannelKind = (typeof channelKinds)[number];

/** What a publication makes of a state. */
type Step = (state: unknown, data: unknown) => unknown;

/** Which kind of channel a name is of. */
export function kindOf(channel: string): ChannelKind {
  const kind = channelKinds.find((each) => channel.startsWith(`${each}:`));
  if (kind === undefined) throw new RangeError(`no kind of channel: ${channel}`);
  return kind;
}

/** A book's state before the first publication. */
export const emptyBook = { count: 0, last: null };

function isBook(state: unknown): state is { readonly count: number } {
  return typeof state === "object" && state !== null && "count" in state;
}

/** What the application does to a book, itself and at every reader. */
function written(state: unknown, data: unknown): unknown {
  return { count: isBook(state) ? state.count + 1 : Number.NaN, last: data };
}

/** How the state of a channel is folded; `undefined` for channels without. */
export function stepOf(channel: string): Step | undefined {
  const kind = kindOf(channel);
  if (kind === "room") return undefined;
  return kind === "book" ? written : folds[kind];
}

/** The state of a channel before the first publication. */
export function firstState(channel: string): unknown {
  return kindOf(channel) === "book" ? emptyBook : null;
}

/** Rules of all channels. Nothing keeps what follows the application's snapshots but their history. */
export function rulesOf(
  { history, stateHistory }: Pick<Plan, "history" | "stateHistory">,
  handler: SnapshotHandler,
): ChannelRules {
  const presence = true;
  return {
    "room:*": { history, presence },
    "last:*": { history: stateHistory, presence, state: "last" },
    "merge:*": { history: stateHistory, presence, state: "merge" },
    "book:*": { history, presence, state: { handler } },
  };
}

/** Texts in a merged state are kept this short, so that its limit is met by several of them. */
const maxPatchText = 800;

/** Data of a publication: its token, and something of that size; on a merge channel a patch. */
export function dataOf(
  channel: string,
  token: string,
  size: number,
  random: SeededRandom,
): Readonly<Record<string, unknown>> {
  if (kindOf(channel) !== "merge") return { t: token, pad: padOf(size) };
  const value = random.pick([null, random.int(100), { a: token }, { a: null, b: { c: token } }]);
  return {
    t: token,
    [`k${random.int(4)}`]: value,
    ...(size > 0 && { [`p${random.int(5)}`]: padOf(Math.min(size, maxPatchText)) }),
    ...(random.chance(0.2) && { [`p${random.int(5)}`]: null }),
  };
}

const pads = new Map<number, string>();

function padOf(size: number): string {
  const pad = pads.get(size) ?? "x".repeat(size);
  pads.set(size, pad);
  return pad;
}
