import { spawn } from "node:child_process";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

/** The root folder of the repository. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

const forwarded = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);

/**
 * npm passes on the signals that the terminal has already sent to everyone in the foreground, so
 * one Ctrl-C arrives here twice; within this time it counts as one.
 */
const sameSignalMs = 300;

/**
 * Runs a command in the foreground, hands it every signal this process gets, and waits for its end.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, quiet?: boolean, ownGroup?: boolean }} [options]
 *   `quiet` keeps the output back and returns it; `ownGroup` keeps the terminal's own signals from
 *   the command, so that it gets each exactly once, from here
 * @returns {Promise<{ code: number, output: string }>} the exit code as a shell would report it:
 *   128 + the signal's number for a killed command, 127 for one that could not be started
 */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, [...args], {
      cwd: options.cwd ?? root,
      env: options.env ?? process.env,
      detached: options.ownGroup ?? false,
      stdio: options.quiet ? ["ignore", "pipe", "pipe"] : ["ignore", "inherit", "inherit"],
    });
    let output = "";
    const keep = (/** @type {Buffer} */ chunk) => {
      output += chunk.toString();
    };
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);

    const handlers = forwarded.map((signal) => {
      let lastMs = Number.NEGATIVE_INFINITY;
      const handler = () => {
        const nowMs = performance.now();
        if (nowMs - lastMs >= sameSignalMs) child.kill(signal);
        lastMs = nowMs;
      };
      process.on(signal, handler);
      return { signal, handler };
    });
    const finish = (/** @type {number} */ code) => {
      for (const { signal, handler } of handlers) process.off(signal, handler);
      resolve({ code, output });
    };
    child.once("error", (error) => {
      output += `${error.message}\n`;
      finish(127);
    });
    child.once("close", (code, signal) => {
      finish(code ?? 128 + (signal === null ? 0 : constants.signals[signal]));
    });
  });
}
