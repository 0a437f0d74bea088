import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { root } from "../steps/run.mjs";

/**
 * @typedef {object} Finding
 * @property {string} target
 * @property {number} seed
 * @property {number} index
 * @property {string} problem
 * @property {string} [input] base64
 *
 * @typedef {object} Outcome
 * @property {string} target
 * @property {number} inputs
 * @property {number} ms
 * @property {number} growthBytes
 * @property {Finding} [finding]
 *
 * @typedef {object} Task
 * @property {number} [seed]
 * @property {number} [inputs]
 * @property {string} [only]
 * @property {readonly { name: string, target: string, text?: string, hex?: string }[]} [vectors]
 *
 * @typedef {{ outcome?: Outcome, at?: string, index?: number, vector?: string, problem?: string }} Line
 */

/** Silence after which the process is taken for hung: it tells of every 256th input. */
const MAX_SILENCE_MS = 120_000;

/**
 * Runs a fuzzer in a process of its own, so that a crash or an endless loop is a finding and not the
 * end of whoever watches.
 * @param {string} bundle
 * @param {Task} task
 * @param {{ heard?: (line: Line) => void, maxSilenceMs?: number }} [options]
 * @returns {Promise<{ lines: Line[], failure?: string }>} `failure`: the process itself came to grief
 */
export async function runFuzzer(bundle, task, options = {}) {
  const { heard, maxSilenceMs = MAX_SILENCE_MS } = options;
  const child = spawn(process.execPath, ["--expose-gc", bundle], {
    cwd: root,
    stdio: ["pipe", "pipe", "inherit"],
  });
  /** @type {Line[]} */
  const lines = [];
  let last = "before the first input";
  let hung = false;
  /** @type {NodeJS.Timeout | undefined} */
  let watch;
  const waitOn = (/** @type {number} */ ms) => {
    clearTimeout(watch);
    watch = setTimeout(() => {
      hung = true;
      child.kill("SIGKILL");
    }, ms);
  };
  // To load everything takes its time where much else is going on.
  waitOn(MAX_SILENCE_MS);
  const reading = createInterface({ input: child.stdout });
  reading.on("line", (text) => {
    waitOn(maxSilenceMs);
    /** @type {Line} */
    const line = JSON.parse(text);
    if (line.at !== undefined) last = `${line.at}, input ${line.index} or one of the 256 after it`;
    else lines.push(line);
    heard?.(line);
  });
  child.stdin.end(JSON.stringify({ root, ...task }));
  const [code, signal] = await once(child, "close");
  clearTimeout(watch);
  if (code === 0) return { lines };
  const how = hung ? "hung" : `ended with ${signal ?? code}`;
  return { lines, failure: `the process ${how}: ${last}` };
}
