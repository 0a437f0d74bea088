import { type FoldedMode, folds, type Position } from "@holdfast/protocol";
import type { HistoryFact } from "../checker/history.js";
import { stateDigest } from "../checker/state-digest.js";

/** Channels of each mode that a run adds, where the deployment has rules for them. */
const channelsPerMode = 2;

/** Modes whose states a run can judge: those that everybody folds alike. */
export const judgedModes: readonly FoldedMode[] = ["last", "merge"];

/** The namespace of a run's channels of a mode. */
const namespaceOf = (namespace: string, mode: FoldedMode): string => `${namespace}-${mode}`;

/** Names of a run's channels of a mode. */
export function stateChannels(namespace: string, run: string, mode: FoldedMode): string[] {
  const names = Array.from({ length: channelsPerMode }, (_, index) => `${run}-${index + 1}`);
  return names.map((name) => `${namespaceOf(namespace, mode)}:${name}`);
}

/** A state that was read over HTTP. */
export interface ReadState {
  readonly position: Position;
  readonly state: unknown;
}

/** Reads a channel's state over HTTP; `undefined` where it is refused. Rejects where nobody answers. */
export type StateReader = (channel: string) => Promise<ReadState | undefined>;

/** What was shown of a channel's state. */
export function stateFact(
  observer: string,
  channel: string,
  { epoch, offset }: Position,
  state: unknown,
): HistoryFact {
  return { kind: "state", observer, channel, epoch, offset, digest: stateDigest(state) };
}

/** Names of members that patches change. */
const names = 8;

/** Data of a publication, the same for the same token; on a merged channel it is a patch. */
export function dataOf(token: string, mode: FoldedMode | undefined): Record<string, unknown> {
  if (mode !== "merge") return { t: token };
  const number = Number(token.split(".").at(-1) ?? 0);
  const value = number % 3 === 0 ? null : { by: token, n: number };
  return { t: token, [`k${number % names}`]: value };
}

/** The state after a whole history, as its entries alone make it. */
export function foldOf(mode: FoldedMode, data: readonly unknown[]): unknown {
  return data.reduce(folds[mode], null);
}
