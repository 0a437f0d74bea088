import { UsageError } from "../config/usage-error.js";

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/**
 * Reads `500ms`, `30s`, `2m` or `1h` as milliseconds.
 * @throws UsageError for anything else
 */
export function readDuration(text: string, flag: string): number {
  const [, amount, unit = ""] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h)$/.exec(text) ?? [];
  const factor = units[unit];
  if (amount === undefined || factor === undefined) {
    throw new UsageError(`${flag}: expected a time such as 30s, 500ms or 2m, not "${text}".`);
  }
  return Number(amount) * factor;
}
