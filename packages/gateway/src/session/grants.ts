import type { Action, Capabilities } from "@holdfast/protocol";
import { compilePattern, patternFor, USER_PLACEHOLDER } from "../hub/pattern.js";

/** Capabilities that are kept for the next connection with the same ones. */
const MAX_KEPT = 256;
/** Longer ones are hardly anybody else's. */
const MAX_KEPT_CHARS = 2_048;

/** What may be done in the channels of one pattern. */
export interface Grant {
  readonly matches: (channel: string) => boolean;
  readonly actions: readonly Action[];
}

/**
 * Turns capabilities into tests, once for all who have the same: most users of an application may do the
 * same, and each connection would keep a copy.
 */
export class Grants {
  readonly #kept = new Map<string, readonly Grant[]>();

  /** The tests of an identity's own capabilities and of those that everybody with a name has. */
  of(
    can: Capabilities | undefined,
    everybodys: Capabilities | undefined,
    user: string | undefined,
  ): readonly Grant[] {
    if (can === undefined && everybodys === undefined) return nothing;
    const text = JSON.stringify([can, everybodys]);
    // What holds the user's name is the user's alone.
    const isShared = text.length <= MAX_KEPT_CHARS && !text.includes(USER_PLACEHOLDER);
    const known = isShared ? this.#kept.get(text) : undefined;
    if (known !== undefined) return known;
    const grants = [...compiled(can, user), ...compiled(everybodys, user)];
    if (isShared) {
      if (this.#kept.size >= MAX_KEPT) this.#kept.clear();
      this.#kept.set(text, grants);
    }
    return grants;
  }
}

const nothing: readonly Grant[] = [];

function compiled(can: Capabilities | undefined, user: string | undefined): Grant[] {
  return Object.entries(can ?? {}).flatMap(([pattern, actions]) => {
    const own = patternFor(pattern, user);
    // A copy: the handler's own object may change afterwards, and is no longer only this one's.
    return own === undefined ? [] : [{ matches: compilePattern(own), actions: [...actions] }];
  });
}
