import { type OptionTable, string } from "@holdfast/core";
import type { Arguments } from "../cli/arguments.js";
import type { Terminal } from "../cli/command.js";
import { readConfigFile } from "../config/file.js";
import { type Configuration, resolve } from "../config/resolve.js";
import { options } from "../config/server-options.js";

/** Flag of every command that reads the server's configuration. */
export const configFlag = {
  config: string("", {
    unit: "",
    description: "Configuration file (holdfast.config.json here, where it exists).",
  }),
} as const satisfies OptionTable;

/** Flags of the commands that take the whole configuration. */
export const configurationFlags = { ...configFlag, ...options } as const;

/** Flags of a command that are no options of the server. */
export type OwnFlags = readonly string[];

/**
 * The effective configuration of a command line.
 * @throws UsageError that names every wrong value
 */
export function configurationOf(
  terminal: Terminal,
  args: Arguments,
  ownFlags: OwnFlags = [],
): Configuration {
  const path = args.flags.get("config")?.at(-1) ?? terminal.env.HOLDFAST_CONFIG;
  const file = readConfigFile(path === undefined ? undefined : String(path), terminal.folder);
  const taken = new Map(args.flags);
  for (const flag of ["config", ...ownFlags]) taken.delete(flag);
  return resolve({
    ...(file === undefined ? {} : { file }),
    env: terminal.env,
    flags: taken,
  });
}
