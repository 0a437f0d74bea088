import { parseArgs } from "node:util";
import { unknownName } from "../config/names.js";
import type { Flags } from "../config/reader.js";
import { UsageError } from "../config/usage-error.js";

/** What a command line says. */
export interface Arguments {
  readonly flags: Flags;
  readonly positionals: readonly string[];
}

/** Whether a flag stands alone or takes a value. */
export type FlagKind = "boolean" | "text";

/**
 * Parses a command line against the flags a command knows.
 * @throws UsageError for an unknown flag (with the nearest name) and for a missing value
 */
export function parseArguments(
  args: readonly string[],
  known: ReadonlyMap<string, FlagKind>,
): Arguments {
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      [...known].map(([flag, kind]) => [flag, { type: kind === "text" ? "string" : kind }]),
    ),
  });
  const flags = new Map<string, (string | boolean)[]>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const { flag, value } = readFlag(token, known);
    flags.set(flag, [...(flags.get(flag) ?? []), value]);
  }
  return { flags, positionals };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function readFlag(
  token: OptionToken,
  known: ReadonlyMap<string, FlagKind>,
): { flag: string; value: string | boolean } {
  const kind = known.get(token.name);
  const negated = token.name.startsWith("no-") ? token.name.slice(3) : undefined;
  if (kind === undefined && negated !== undefined && known.get(negated) === "boolean") {
    return { flag: negated, value: false };
  }
  if (kind === undefined) {
    const names = [...known.keys()].map((name) => `--${name}`);
    throw new UsageError(unknownName("flag", token.rawName, names));
  }
  if (kind === "boolean") return { flag: token.name, value: token.value ?? true };
  const taken = token.value;
  if (taken === undefined || (token.inlineValue === false && taken.startsWith("--"))) {
    throw new UsageError(`${token.rawName} needs a value.`);
  }
  return { flag: token.name, value: taken };
}
