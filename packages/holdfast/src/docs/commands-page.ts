import { type Command, exitRows, flagRows } from "../cli/command.js";
import { markdownTable } from "./table.js";

/** Text of `docs/commands.md`, from the declarations of the commands. */
export function commandsPage(commands: readonly Command[]): string {
  return `# Commands

<!-- Generated from the declarations of the commands; a test compares the two. -->

\`holdfast <command> --help\` says the same. In a clone it is \`npx holdfast\`, after a first \`npm start\` or \`npm test\` has built it.

A command's result goes to standard output, everything else to standard error. A flag, variable, option or command that does not exist is refused with the nearest name that does.

${commands.map(sectionOf).join("\n\n")}
`;
}

function sectionOf(command: Command): string {
  const { name, summary, usage, details = [], examples = [] } = command;
  return [
    `## holdfast ${name}`,
    ...detailsOf([summary, ...details]),
    ["```sh", `holdfast ${name} ${usage}`, ...examples, "```"].join("\n"),
    flagsOf(command),
    markdownTable(["exit code", "meaning"], exitRows(command)),
  ].join("\n\n");
}

/** Indented lines, `  word  what it means`, are a list; the others are one paragraph. */
function detailsOf(lines: readonly string[]): string[] {
  const item = /^ {2}(\S+) +(.+)$/;
  const sentences = lines.filter((line) => !item.test(line));
  const items = lines.filter((line) => item.test(line));
  const list = items.map((line) => line.replace(item, "- `$1`: $2"));
  return [sentences.join(" "), ...(list.length === 0 ? [] : [list.join("\n")])];
}

/** The options of the server have a page of their own. */
function flagsOf(command: Command): string {
  const isServer = Object.hasOwn(command.options, "pingIntervalMs");
  if (isServer) return "Its flags are the options of [Configuration](configuration.md).";
  const rows = flagRows(command).slice(0, -2);
  return markdownTable(
    ["flag", "meaning"],
    rows.map(({ flag, text }) => [`\`${flag}\``, text]),
  );
}
