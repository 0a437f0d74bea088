import { parseArgs } from "node:util";

/** @import { ParseArgsConfig } from "node:util" */

/**
 * What a tool's command line asks for: its values, or what is to be said instead, and with which exit
 * code. `--help` is every tool's.
 * @template {ParseArgsConfig} Config
 * @param {readonly string[]} args
 * @param {string} usage
 * @param {Config} config
 * @returns {{ asked: ReturnType<typeof parseArgs<Config>> } | { text: string, exitCode: number }}
 */
export function judgeCommandLine(args, usage, config) {
  if (args.includes("--help") || args.includes("-h")) return { text: usage, exitCode: 0 };
  /** @type {Config} */
  const whole = { ...config, args: [...args] };
  try {
    return { asked: parseArgs(whole) };
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    // What follows is advice on programs that take such words as names of files.
    const [problem] = cause.message.split(". ");
    return { text: `${problem?.replace(/\.$/, "")}.\n\n${usage}`, exitCode: 2 };
  }
}

/**
 * This process's command line. Prints `usage` and ends the process where help is asked for; names what
 * it does not know and ends it with 2.
 * @template {ParseArgsConfig} Config
 * @param {string} usage
 * @param {Config} config
 */
export function commandLine(usage, config) {
  const judged = judgeCommandLine(process.argv.slice(2), usage, config);
  if ("asked" in judged) return judged.asked;
  const { text, exitCode } = judged;
  (exitCode === 0 ? process.stdout : process.stderr).write(text);
  process.exit(exitCode);
}

/**
 * Ends the process with 2: what was asked for makes no sense.
 * @param {string} why
 * @returns {never}
 */
export function refuseCommandLine(why) {
  process.stderr.write(`${why}\n`);
  process.exit(2);
}
