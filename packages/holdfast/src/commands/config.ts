import { boolean, type OptionDeclaration, type OptionTable } from "@holdfast/core";
import type { Arguments } from "../cli/arguments.js";
import type { Command, Terminal } from "../cli/command.js";
import type { Configuration } from "../config/resolve.js";
import { options } from "../config/server-options.js";
import { configurationFlags, configurationOf } from "./configuration.js";

/** What stands in place of a secret. */
const hidden = "(set, not shown)";

/** `holdfast config`: the effective configuration and where each value came from. */
export const configCommand: Command = {
  name: "config",
  usage: "[--json] [flags of serve]",
  operands: [],
  summary: "Shows the effective configuration and where each value came from.",
  details: ["Secrets are only shown as set or not set."],
  examples: ["holdfast config", "HOLDFAST_PORT=9000 holdfast config --json | jq .port"],
  options: {
    json: boolean(false, { unit: "", description: "Prints one JSON object." }),
    ...configurationFlags,
  },
  run: async (terminal: Terminal, args: Arguments) => {
    const asJson = args.flags.get("json")?.at(-1) === true;
    const configuration = configurationOf(terminal, args, ["json"]);
    const rows = shownValues(configuration);
    if (asJson) {
      const shown = Object.fromEntries(
        rows.map(({ name, value, source }) => [name, { value, source }]),
      );
      terminal.print(JSON.stringify({ ...shown, channels: configuration.channels }, undefined, 2));
    } else for (const line of tableOf(rows, configuration)) terminal.print(line);
    return 0;
  },
};

interface Row {
  readonly name: string;
  readonly value: unknown;
  readonly source: string;
}

/** Every option as it may be shown: secrets only as set or not. */
function shownValues(configuration: Configuration): Row[] {
  const table: OptionTable = options;
  const values: Readonly<Record<string, unknown>> = configuration.options;
  return Object.entries(table).map(([name, declaration]) => ({
    name,
    value: shown(declaration, values[name]),
    source: configuration.sources[name] ?? "default",
  }));
}

function shown(declaration: OptionDeclaration, value: unknown): unknown {
  if (declaration.secret !== true)
    return typeof value === "string" ? withoutPassword(value) : value;
  const isEmpty = value === "" || (Array.isArray(value) && value.length === 0);
  return isEmpty ? "(not set)" : hidden;
}

/** An engine's or key set's URL may carry a password (RFC 3986 §3.2.1). */
function withoutPassword(text: string): string {
  if (!URL.canParse(text)) return text;
  const url = new URL(text);
  if (url.password === "" && url.username === "") return text;
  return text.replace(/\/\/.*@/, "//(hidden)@");
}

function tableOf(rows: readonly Row[], { channels }: Configuration): string[] {
  const texts = rows.map(({ name, value, source }) => ({
    name,
    text: typeof value === "string" ? value : JSON.stringify(value),
    source,
  }));
  const nameWidth = Math.max(...texts.map(({ name }) => name.length));
  const textWidth = Math.min(40, Math.max(...texts.map(({ text }) => text.length)));
  return [
    ...texts.map(
      ({ name, text, source }) => `${name.padEnd(nameWidth)}  ${text.padEnd(textWidth)}  ${source}`,
    ),
    ...Object.entries(channels).map(
      ([pattern, rule]) => `channels["${pattern}"]  ${JSON.stringify(rule)}  file`,
    ),
  ];
}
