import { distance } from "fastest-levenshtein";

/** Flag of an option: `maxMessageBytes` → `max-message-bytes`. */
export function flagOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Environment variable of an option: `maxMessageBytes` → `HOLDFAST_MAX_MESSAGE_BYTES`. */
export function variableOf(name: string): string {
  return `HOLDFAST_${flagOf(name).replaceAll("-", "_").toUpperCase()}`;
}

/** Nobody meant a name by something longer; comparing it would take its time. */
const MAX_MISSPELT_CHARS = 128;

/** The known name closest to a misspelt one, if it is close enough to have been meant. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (name.length > MAX_MISSPELT_CHARS) return undefined;
  const allowed = Math.max(2, Math.floor(name.length / 3));
  let best: string | undefined;
  let bestDistance = allowed + 1;
  for (const candidate of known) {
    // Each character more or less is a difference.
    if (Math.abs(candidate.length - name.length) >= bestDistance) continue;
    const found = distance(name.toLowerCase(), candidate.toLowerCase());
    if (found < bestDistance) {
      best = candidate;
      bestDistance = found;
    }
  }
  return best;
}

/** "Unknown <what> <name>." and, where one is near, the name that may have been meant. */
export function unknownName(what: string, name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return `Unknown ${what} "${name}".${near === undefined ? "" : ` Did you mean "${near}"?`}`;
}
