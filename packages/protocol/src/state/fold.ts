import { mergePatch } from "./merge-patch.js";

/** What a channel's state becomes by the `data` of its next publication. Pure: the same everywhere. */
export type Fold = (state: unknown, data: unknown) => unknown;

/** The newest publication is the state. */
const last: Fold = (_state, data) => data;

/** How the state of a channel is folded, by mode. The state before the first publication is `null`. */
export const folds = { last, merge: mergePatch } as const satisfies Record<string, Fold>;

/** A mode whose state gateways and clients fold by themselves. */
export type FoldedMode = keyof typeof folds;
