import { type ChildProcess, execFile, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { confidential, keep } from "../e2e/kit/emitted.js";

/** The root folder of the repository. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

/** The environment without what the npm that runs these tests tells its own scripts. */
export const cleanEnv: NodeJS.ProcessEnv = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) =>
      !/^(?:npm_(?!config_)|npm_config_local_prefix$|INIT_CWD$|VITEST|NODE_ENV$)/.test(name),
  ),
);

/** Runs a command to its end; a non-zero exit rejects with everything it printed. */
export function command(file: string, args: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      file,
      [...args],
      { cwd, env: cleanEnv, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        keep(stdout + stderr);
        if (error === null) resolve(stdout);
        else reject(new Error(`${file} ${args.join(" ")}: ${error.message}\n${stdout}\n${stderr}`));
      },
    );
  });
}

/** A process in the background, with everything it has printed so far. */
export interface Running {
  readonly child: ChildProcess;
  /** Resolves with the match once the output has one; rejects if the process ends before. */
  printed(pattern: RegExp): Promise<RegExpExecArray>;
  /** Sends the signal, waits for the end, and resolves with the exit code (null if killed). */
  stop(signal: NodeJS.Signals): Promise<number | null>;
  /** Resolves with the exit code and everything printed, once the process has ended. */
  readonly ended: Promise<{ code: number | null; output: string }>;
}

/** Starts a process in the background; `env` is added to the clean environment. */
export function start(
  file: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Running {
  const { HOLDFAST_API_KEYS: keys = "", HOLDFAST_TOKEN_SECRET: secret = "" } = env;
  for (const each of [...keys.split(","), secret]) if (each !== "") confidential(each);
  const child = spawn(file, [...args], {
    cwd,
    env: { ...cleanEnv, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const waiting = new Set<() => void>();
  const grown = (chunk: Buffer) => {
    output += chunk.toString();
    keep(chunk.toString());
    for (const look of waiting) look();
  };
  child.stdout.on("data", grown);
  child.stderr.on("data", grown);
  const ended = new Promise<{ code: number | null; output: string }>((resolve) => {
    child.once("close", (code) => resolve({ code, output }));
  });
  return {
    child,
    ended,
    printed(pattern) {
      return new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(output);
          if (match === null) return;
          waiting.delete(look);
          resolve(match);
        };
        waiting.add(look);
        look();
        ended.then(() => reject(new Error(`ended without printing ${pattern}:\n${output}`)));
      });
    },
    async stop(signal) {
      child.kill(signal);
      return (await ended).code;
    },
  };
}

/** A zombie that nobody has waited for yet does not run. */
export function runs(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  if (existsSync("/proc/self/stat")) {
    return existsSync(stat) && !/\) [ZX] /.test(readFileSync(stat, "utf8"));
  }
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
