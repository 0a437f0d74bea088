import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { BenchSettings, Share } from "../bench/settings.js";
import type { Answer, BenchWorker, Command } from "../bench/worker.js";

const maxErrorChars = 4_000;

/** The clients of a benchmark in a process of their own. */
export class BenchProcess implements BenchWorker {
  readonly #process: ChildProcess;
  readonly #waiting = new Map<
    number,
    { done: (answer: Answer) => void; failed: (why: Error) => void }
  >();
  readonly #exited: Promise<void>;
  #errors = "";
  #number = 0;

  private constructor(child: ChildProcess) {
    this.#process = child;
    child.stderr?.on("data", (chunk: Buffer) => {
      this.#errors = `${this.#errors}${chunk.toString()}`.slice(-maxErrorChars);
    });
    child.on("message", ({ number, answer }: { number?: number; answer?: Answer }) => {
      if (number === undefined || answer === undefined) return;
      this.#waiting.get(number)?.done(answer);
      this.#waiting.delete(number);
    });
    this.#exited = new Promise((resolve) => {
      child.once("exit", () => {
        const why = new Error(`A process of the benchmark ended. ${this.#errors}`.trim());
        for (const { failed } of this.#waiting.values()) failed(why);
        this.#waiting.clear();
        resolve();
      });
    });
  }

  /** Starts one; it is ready when this settles. */
  static async start(settings: BenchSettings, share: Share): Promise<BenchProcess> {
    const file = fileURLToPath(new URL("bench-worker.js", import.meta.url));
    const child = fork(file, [], { stdio: ["ignore", "ignore", "pipe", "ipc"] });
    const worker = new BenchProcess(child);
    child.send({ settings, share });
    await Promise.race([
      new Promise((resolve) => child.once("message", resolve)),
      worker.#exited.then(() => {
        throw new Error(`A process of the benchmark did not start. ${worker.#errors}`.trim());
      }),
    ]);
    return worker;
  }

  ask(command: Command): Promise<Answer> {
    this.#number += 1;
    const number = this.#number;
    return new Promise((done, failed) => {
      if (!this.#process.connected) {
        failed(new Error(`A process of the benchmark is gone. ${this.#errors}`.trim()));
        return;
      }
      this.#waiting.set(number, { done, failed });
      this.#process.send({ number, command });
    });
  }

  async end(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#exited;
  }
}
