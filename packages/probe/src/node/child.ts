import { type ChildProcess, fork } from "node:child_process";

/** The last of what a child wrote to its standard error. */
const maxErrorChars = 4_000;
/** Patience for a child to say that it is ready. */
const readyMs = 30_000;

/** Children that run; ended with this process, however it ends in good order. */
const running = new Set<ChildProcess>();
let watching = false;

/** A process started for a run. It says `{ready: port}` once, and ends when this process is gone. */
export class Child {
  readonly port: number;
  /** Settles when the process is gone. */
  readonly exited: Promise<void>;
  readonly #process: ChildProcess;
  readonly #errors: () => string;

  private constructor(
    process: ChildProcess,
    port: number,
    exited: Promise<void>,
    errors: () => string,
  ) {
    this.#process = process;
    this.port = port;
    this.exited = exited;
    this.#errors = errors;
  }

  /** Starts a module; rejects with what it wrote when it ends or is silent instead of being ready. */
  static start(
    file: string,
    args: readonly string[],
    onStarted: (pid: number) => void = () => {},
  ): Promise<Child> {
    const child = fork(file, [...args], { stdio: ["ignore", "ignore", "pipe", "ipc"] });
    keepWatch();
    running.add(child);
    let errors = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      errors = `${errors}${chunk.toString()}`.slice(-maxErrorChars);
    });
    const exited = new Promise<void>((resolve) => {
      child.once("exit", () => {
        running.delete(child);
        resolve();
      });
      child.once("error", () => resolve());
    });
    if (child.pid !== undefined) onStarted(child.pid);
    return new Promise((resolve, reject) => {
      const fail = (why: string) => {
        clearTimeout(timer);
        child.kill("SIGKILL");
        reject(new Error(`${file} ${why}. ${errors}`.trim()));
      };
      const timer = setTimeout(() => fail(`was not ready within ${readyMs} ms`), readyMs);
      void exited.then(() => fail("ended before it was ready"));
      child.once("message", (message: { readonly ready?: unknown }) => {
        clearTimeout(timer);
        if (typeof message.ready !== "number") fail("said something else than its port");
        else resolve(new Child(child, message.ready, exited, () => errors));
      });
    });
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** The last of what it wrote to its standard error. */
  get errors(): string {
    return this.#errors();
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  tell(message: object): void {
    if (this.#process.connected) this.#process.send(message);
  }

  /** Kills it and waits until it is gone. */
  async kill(): Promise<void> {
    // A stopped process dies of SIGKILL too.
    this.#process.kill("SIGKILL");
    await this.exited;
  }
}

/** `process.exit` and an uncaught error leave no children behind. */
function keepWatch(): void {
  if (watching) return;
  watching = true;
  process.on("exit", () => {
    for (const child of running) child.kill("SIGKILL");
  });
}
