import { distance } from "fastest-levenshtein";

/** Flag of an option: `maxMessageBytes` → `max-message-bytes`. */
export function flagOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Environment variable of an option: `maxMessageBytes` → `HOLDFAST_MAX_MESSAGE_BYTES`. */
export function variableOf(name: string): string {
  return `HOLDFAST_${flagOf(name).replaceAll("-", "_").toUpperCase()}`;
}

/** The known name closest to a misspelt one, if it is close enough to have been meant. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const allowed = Math.max(2, Math.floor(name.length / 3));
  let best: string | undefined;
  let bestDistance = allowed + 1;
  for (const candidate of known) {
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
