import type { OptionDeclaration, OptionTable } from "@holdfast/core";
import { flagOf } from "../config/names.js";
import { expectation } from "../config/value.js";
import type { Arguments, FlagKind } from "./arguments.js";

/** What a command may touch of the process. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
  /** Writes one line of result. */
  print(line: string): void;
  /** Writes one line about what is going on. */
  note(line: string): void;
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly stopped: AbortSignal;
}

/** One command of `holdfast`. */
export interface Command {
  readonly name: string;
  /** What stands after `holdfast <name>`. */
  readonly usage: string;
  readonly summary: string;
  readonly options: OptionTable;
  /** Settles with the exit code. */
  run(terminal: Terminal, args: Arguments): Promise<number>;
}

/** The flags a command knows. */
export function flagsOf(command: Command): ReadonlyMap<string, FlagKind> {
  const flags = Object.entries(command.options).map(
    ([name, { kind }]) => [flagOf(name), kind === "boolean" ? kind : "text"] as const,
  );
  return new Map<string, FlagKind>([...flags, ["help", "boolean"], ["version", "boolean"]]);
}

/** Text of `holdfast <command> --help`. */
export function helpOf(command: Command): string {
  const rows = Object.entries(command.options).map(([name, declaration]) => ({
    flag: `--${flagOf(name)}${placeholder(declaration)}`,
    text: `${declaration.description}${annotation(declaration)}`,
  }));
  rows.push(
    { flag: "--help", text: "Shows this." },
    { flag: "--version", text: "Shows the version." },
  );
  const width = Math.max(...rows.map(({ flag }) => flag.length));
  return [
    command.summary,
    "",
    `Usage: holdfast ${command.name} ${command.usage}`,
    "",
    ...rows.map(({ flag, text }) => `  ${flag.padEnd(width)}  ${text}`),
  ].join("\n");
}

function placeholder({ kind, unit }: OptionDeclaration): string {
  if (kind === "boolean") return "";
  if (kind === "json") return " <json>";
  if (kind === "strings") return " <a,b>";
  return kind === "string" ? " <text>" : ` <${unit === "" ? "number" : unit}>`;
}

function annotation(declaration: OptionDeclaration): string {
  const { kind, secret, default: value } = declaration;
  if (secret === true || kind === "boolean" || value === "") return "";
  if (kind === "json" || kind === "strings") return "";
  const range = declaration.choices === undefined ? "" : `; ${expectation(declaration)}`;
  return ` [${String(value)}${range}]`;
}
