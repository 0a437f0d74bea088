import type { BenchProgress } from "@holdfast/probe/bench";
import type { Terminal } from "../cli/command.js";

/** Time between two lines where a line cannot be overwritten, such as in a log. */
const logMs = 5_000;

/** How far a benchmark is: one line that is overwritten in a terminal, now and then a line in a log. */
export class ProgressLine {
  readonly #terminal: Terminal;
  #last: BenchProgress | undefined;
  #notedMs = Number.NEGATIVE_INFINITY;

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  show(progress: BenchProgress): void {
    const text = this.#textOf(progress);
    this.#last = progress;
    if (this.#terminal.status !== undefined) {
      this.#terminal.status(text);
    } else if (progress.elapsedMs - this.#notedMs >= logMs) {
      this.#notedMs = progress.elapsedMs;
      this.#terminal.note(text);
    }
  }

  /** Clears the line. */
  end(): void {
    this.#terminal.status?.("");
  }

  #textOf({ phase, elapsedMs, counts, perSecond }: BenchProgress): string {
    const parts = [
      `${(elapsedMs / 1_000).toFixed(0).padStart(4)} s`,
      `${phase}: ${counts.opened} connected`,
    ];
    if (perSecond > 0) parts.push(`${perSecond}/s asked for`);
    const last = this.#last;
    const seconds = (elapsedMs - (last?.elapsedMs ?? 0)) / 1_000;
    const arrived = counts.received - (last?.counts.received ?? 0);
    // The counts begin anew with each measurement.
    if (arrived > 0 && seconds > 0) parts.push(`${Math.round(arrived / seconds)}/s arrive`);
    return parts.join(", ");
  }
}
