import type { OptionDeclaration, OptionTable } from "@holdfast/core";
import { flagOf } from "../config/names.js";
import { expectation } from "../config/value.js";
import type { Arguments, FlagKind } from "./arguments.js";
import { exitCodes } from "./exit-codes.js";

/** What a command may touch of the process. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly folder: string;
  /** Writes one line of result. */
  print(line: string): void;
  /** Writes one line about what is going on. */
  note(line: string): void;
  /** Overwrites the line that says how far it is; empty: takes it away. Absent where nobody watches. */
  status?(line: string): void;
  /** Aborted by the first SIGINT or SIGTERM. */
  readonly stopped: AbortSignal;
}

/** One command of `holdfast`. */
export interface Command {
  readonly name: string;
  /** What stands after `holdfast <name>`. */
  readonly usage: string;
  readonly summary: string;
  /** Names of what has to stand after the command, in order. Absent: the command looks itself. */
  readonly operands?: readonly string[];
  /** Further sentences of its help. */
  readonly details?: readonly string[];
  /** Command lines to begin with. */
  readonly examples?: readonly string[];
  /** Exit codes whose meaning here is more exact than the general one. */
  readonly exits?: Readonly<Record<number, string>>;
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

/** One flag as the help and the reference page show it. */
export interface FlagRow {
  /** `--port <number>` */
  readonly flag: string;
  readonly text: string;
}

/** The flags of a command, those that every command has last. */
export function flagRows(command: Command): readonly FlagRow[] {
  const own = Object.entries(command.options).map(([name, declaration]) => ({
    flag: `--${flagOf(name)}${placeholder(declaration)}`,
    text: `${declaration.description}${annotation(declaration)}`,
  }));
  return [
    ...own,
    { flag: "--help", text: "Shows this." },
    { flag: "--version", text: "Shows the version." },
  ];
}

/** Exit codes of a command and their meaning there. */
export function exitRows(command: Command): readonly (readonly [code: string, text: string])[] {
  const { done, failed, askedWrongly } = exitCodes;
  const general = [done, failed, askedWrongly].map(({ code, meaning }) => [code, meaning] as const);
  const meanings = new Map<number, string>(general);
  for (const [code, meaning] of Object.entries(command.exits ?? {})) {
    meanings.set(Number(code), meaning);
  }
  return [...meanings].map(([code, meaning]) => [String(code), meaning] as const);
}

/** Text of `holdfast <command> --help`. */
export function helpOf(command: Command): string {
  const { summary, name, usage, details = [], examples = [] } = command;
  const flags = flagRows(command).map(({ flag, text }) => [flag, text] as const);
  return [
    summary,
    "",
    `Usage: holdfast ${name} ${usage}`,
    ...(details.length === 0 ? [] : ["", ...details]),
    ...(examples.length === 0 ? [] : ["", "Examples:", ...examples.map((line) => `  ${line}`)]),
    "",
    "Flags:",
    ...aligned(flags),
    "",
    "Exit codes:",
    ...aligned(exitRows(command)),
  ].join("\n");
}

function aligned(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
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
