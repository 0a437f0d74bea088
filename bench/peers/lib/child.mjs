import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** What a process says that has no answer yet and is on its way to one. */
const moving = '{"moving":true}';

/**
 * A pinned process that answers each line it is told with one line of JSON. One that says nothing for long
 * has stopped; one that says it is moving may take its time, on a machine that gives it little.
 */
export class Child {
  /** @type {{ take: (line: string) => void, timer: NodeJS.Timeout }[]} */
  #waiting = [];
  /** @type {string[]} */
  #lines = [];
  #errors = "";
  #ended = false;
  #process;
  #exited;
  #patienceMs;

  /**
   * @param {readonly string[]} command
   * @param {{ core: number | undefined, env?: Record<string, string>, patienceMs?: number }} options
   *   `core`: where it may run; undefined: anywhere. `patienceMs`: how long it may say nothing
   */
  constructor(command, { core, env = {}, patienceMs = 180_000 }) {
    this.#patienceMs = patienceMs;
    const pinned = core === undefined ? command : ["taskset", "-c", String(core), ...command];
    const [file = "", ...args] = pinned;
    this.#process = spawn(file, args, {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, ...env },
    });
    this.#process.stdin.on("error", () => {});
    this.#process.stderr.on("data", (chunk) => {
      this.#errors = `${this.#errors}${chunk}`.slice(-4_000);
    });
    createInterface({ input: this.#process.stdout }).on("line", (line) => {
      if (line === moving) {
        for (const { timer } of this.#waiting) timer.refresh();
        return;
      }
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#lines.push(line);
      else waiting.take(line);
    });
    this.#exited = new Promise((resolve) => {
      const end = (/** @type {unknown} */ why) => {
        this.#ended = true;
        this.#errors += ` (${why})`;
        for (const { take } of this.#waiting.splice(0)) take("");
        resolve(undefined);
      };
      this.#process.once("error", (error) => end(error.message));
      this.#process.once("exit", (code, signal) => end(`ended with ${code ?? signal}`));
    });
  }

  get pid() {
    return this.#process.pid ?? 0;
  }

  /** The next line, as the value it holds. @returns {Promise<any>} */
  async answer() {
    const line = this.#lines.shift() ?? (await this.#nextLine());
    if (line === "") throw new Error(`${this.#process.spawnargs.join(" ")}: ${this.#errors}`);
    return JSON.parse(line);
  }

  /** @param {string} line @returns {Promise<any>} */
  ask(line) {
    this.#process.stdin.write(`${line}\n`);
    return this.answer();
  }

  async stop() {
    if (!this.#ended) this.#process.kill("SIGKILL");
    await this.#exited;
  }

  /** @returns {Promise<string>} */
  #nextLine() {
    if (this.#ended) return Promise.resolve("");
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#errors += ` (silent for ${this.#patienceMs} ms)`;
        resolve("");
      }, this.#patienceMs);
      const take = (/** @type {string} */ line) => {
        clearTimeout(timer);
        resolve(line);
      };
      this.#waiting.push({ take, timer });
    });
  }
}
