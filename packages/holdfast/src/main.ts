import { type Arguments, parseArguments } from "./cli/arguments.js";
import { type Command, flagsOf, helpOf, type Terminal } from "./cli/command.js";
import { exitCodes } from "./cli/exit-codes.js";
import { benchCommand } from "./commands/bench.js";
import { configCommand } from "./commands/config.js";
import { devCommand } from "./commands/dev.js";
import { disconnectCommand } from "./commands/disconnect.js";
import { doctorCommand } from "./commands/doctor.js";
import { nodesCommand } from "./commands/nodes.js";
import { publishCommand } from "./commands/publish.js";
import { revokeCommand } from "./commands/revoke.js";
import { serveCommand } from "./commands/serve.js";
import { subscribeCommand } from "./commands/subscribe.js";
import { tokenCommand } from "./commands/token.js";
import { verifyCommand } from "./commands/verify.js";
import { unknownName } from "./config/names.js";
import { UsageError } from "./config/usage-error.js";
import { version } from "./version.js";

/** Every command, in the order of the overview. */
export const commands: readonly Command[] = [
  serveCommand,
  devCommand,
  publishCommand,
  subscribeCommand,
  tokenCommand,
  revokeCommand,
  disconnectCommand,
  nodesCommand,
  verifyCommand,
  benchCommand,
  configCommand,
  doctorCommand,
];

/** Runs one command line; settles with the exit code (see `exitCodes`). */
export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await dispatch(args, terminal);
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    terminal.note(cause.message);
    return exitCodes.askedWrongly.code;
  }
}

async function dispatch(args: readonly string[], terminal: Terminal): Promise<number> {
  const [first, ...others] = args;
  // `holdfast help serve` is `holdfast serve --help`.
  const isHelp = first === "help" && others.length > 0;
  const [name, ...rest] = isHelp ? [...others, "--help"] : args;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    terminal.print(overview());
    return name === undefined ? exitCodes.askedWrongly.code : exitCodes.done.code;
  }
  if (name === "--version" || name === "-v") {
    terminal.print(version());
    return 0;
  }
  const command = commandOf(name);
  const parsed: Arguments = parseArguments(rest, flagsOf(command));
  if (parsed.flags.has("help")) terminal.print(helpOf(command));
  else if (parsed.flags.has("version")) terminal.print(version());
  else {
    requireOperands(command, parsed.positionals);
    return command.run(terminal, parsed);
  }
  return exitCodes.done.code;
}

function commandOf(name: string): Command {
  const command = commands.find((each) => each.name === name);
  if (command !== undefined) return command;
  const names = commands.map((each) => each.name);
  throw new UsageError(`${unknownName("command", name, names)} holdfast --help lists them.`);
}

function requireOperands({ name, usage, operands }: Command, given: readonly string[]): void {
  if (operands === undefined || operands.length === given.length) return;
  const missing = operands.slice(given.length);
  const surplus = given.slice(operands.length).map((text) => `"${text}"`);
  const fault =
    missing.length > 0
      ? `${missing.join(" and ")} missing`
      : `${surplus.join(", ")} is more than it takes (quote what contains spaces)`;
  throw new UsageError(`holdfast ${name}: ${fault}. Usage: holdfast ${name} ${usage}`);
}

function overview(): string {
  return [
    "Self-hosted realtime: a WebSocket gateway, its clients and tools.",
    "",
    "Usage: holdfast <command> [flags]",
    "",
    ...commands.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`),
    "",
    "holdfast <command> --help shows what a command takes, with examples.",
  ].join("\n");
}
