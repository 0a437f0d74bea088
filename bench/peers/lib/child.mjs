import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

const patienceMs = 180_000;

/** A pinned process that answers each line it is told with one line of JSON. */
export class Child {
  /** @type {((line: string) => void)[]} */
  #waiting = [];
  /** @type {string[]} */
  #lines = [];
  #errors = "";
  #ended = false;
  #process;
  #exited;

  /**
   * @param {readonly string[]} command
   * @param {{ core: number | undefined, env?: Record<string, string> }} options `core`: where it
   *   may run; undefined: anywhere
   */
  constructor(command, { core, env = {} }) {
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
      const waiting = this.#waiting.shift();
      if (waiting === undefined) this.#lines.push(line);
      else waiting(line);
    });
    this.#exited = new Promise((resolve) => {
      const end = (/** @type {unknown} */ why) => {
        this.#ended = true;
        this.#errors += ` (${why})`;
        for (const waiting of this.#waiting.splice(0)) waiting("");
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
        this.#errors += ` (silent for ${patienceMs} ms)`;
        resolve("");
      }, patienceMs);
      this.#waiting.push((line) => {
        clearTimeout(timer);
        resolve(line);
      });
    });
  }
}
