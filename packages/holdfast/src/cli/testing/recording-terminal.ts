import type { Terminal } from "../command.js";

/** A terminal of a test: everything written is kept, and can be waited for. */
export class RecordingTerminal implements Terminal {
  readonly printed: string[] = [];
  readonly noted: string[] = [];
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  readonly #stopping = new AbortController();
  #changed: (() => void)[] = [];

  constructor(env: Readonly<Record<string, string>> = {}, folder = "/nowhere") {
    this.env = env;
    this.folder = folder;
  }

  get stopped(): AbortSignal {
    return this.#stopping.signal;
  }

  /** As the first SIGINT does. */
  stop(): void {
    this.#stopping.abort();
  }

  readonly print = (line: string): void => {
    this.printed.push(line);
    this.#wake();
  };

  readonly note = (line: string): void => {
    this.noted.push(line);
    this.#wake();
  };

  /** Everything written, in no order between the two. */
  get text(): string {
    return [...this.printed, ...this.noted].join("\n");
  }

  /** Waits until what was written matches. */
  async until(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.text)) {
      await new Promise<void>((resolve) => this.#changed.push(resolve));
    }
  }

  #wake(): void {
    for (const resolve of this.#changed.splice(0)) resolve();
  }
}
