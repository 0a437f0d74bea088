import { type Arguments, parseArguments } from "./cli/arguments.js";
import { type Command, flagsOf, helpOf, type Terminal } from "./cli/command.js";
import { configCommand } from "./commands/config.js";
import { publishCommand } from "./commands/publish.js";
import { serveCommand } from "./commands/serve.js";
import { subscribeCommand } from "./commands/subscribe.js";
import { tokenCommand } from "./commands/token.js";
import { verifyCommand } from "./commands/verify.js";
import { unknownName } from "./config/names.js";
import { UsageError } from "./config/usage_error.js";
import { version } from "./version.js";

/** Every command, in the order of the overview. */
export const commands: readonly Command[] = [
  serveCommand,
  publishCommand,
  subscribeCommand,
  tokenCommand,
  verifyCommand,
  configCommand,
];

/** Runs one command line; settles with the exit code: 0 done, 1 failed, 2 asked wrongly. */
export async function main(args: readonly string[], terminal: Terminal): Promise<number> {
  try {
    return await dispatch(args, terminal);
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    terminal.note(cause.message);
    return 2;
  }
}

async function dispatch(args: readonly string[], terminal: Terminal): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    terminal.print(overview());
    return name === undefined ? 2 : 0;
  }
  if (name === "--version" || name === "-v") {
    terminal.print(version());
    return 0;
  }
  const command = commands.find((each) => each.name === name);
  if (command === undefined) {
    const names = commands.map((each) => each.name);
    throw new UsageError(`${unknownName("command", name, names)} holdfast --help lists them.`);
  }
  const parsed: Arguments = parseArguments(rest, flagsOf(command));
  if (parsed.flags.has("help")) terminal.print(helpOf(command));
  else if (parsed.flags.has("version")) terminal.print(version());
  else return command.run(terminal, parsed);
  return 0;
}

function overview(): string {
  return [
    "Self-hosted realtime: a WebSocket gateway, its clients and tools.",
    "",
    "Usage: holdfast <command> [flags]",
    "",
    ...commands.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`),
    "",
    "holdfast <command> --help shows the flags of a command.",
  ].join("\n");
}
