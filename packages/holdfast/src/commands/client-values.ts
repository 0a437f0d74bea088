import type { OptionTable, OptionValues } from "@holdfast/core";
import type { Arguments } from "../cli/arguments.js";
import type { Terminal } from "../cli/command.js";
import { variableOf } from "../config/names.js";
import { Reader } from "../config/reader.js";
import { UsageError } from "../config/usage-error.js";

/** Where the gateway is that `publish` and `subscribe` speak to. */
export const defaultUrl = "http://127.0.0.1:8000";

/**
 * Values of a command that is a client: flags over the variables named, over defaults.
 * @throws UsageError that names every wrong value
 */
export function clientValues<Table extends OptionTable>(
  table: Table,
  variables: readonly (keyof Table & string)[],
  { env }: Terminal,
  { flags }: Arguments,
): OptionValues<Table> {
  const reader = new Reader(table);
  const own = new Set(variables.map(variableOf));
  reader.takeEnvironment(env, (variable) => !own.has(variable));
  reader.takeFlags(flags);
  if (reader.complaints.length > 0) throw new UsageError(reader.complaints.join("\n"));
  return reader.values as OptionValues<Table>;
}
