import { Pace, type Schedule } from "./pace.js";
import type { BenchPlatform, BenchSettings, Share } from "./settings.js";
import { type Counts, type Measured, Tally } from "./tally.js";
import { makeWork, type Work } from "./work.js";

/** What the coordinator asks of the clients of one process. */
export type Command =
  | { readonly do: "open" }
  /** What is due in this time is measured; what was measured before is forgotten. */
  | { readonly do: "measure"; readonly fromMs: number; readonly untilMs: number }
  | { readonly do: "load"; readonly schedule: Schedule }
  | { readonly do: "stop" }
  | { readonly do: "counts" }
  | { readonly do: "measured" }
  | { readonly do: "cut" }
  | { readonly do: "miss"; readonly count: number }
  | { readonly do: "close" };

/** The answer to every command; `failures` after `open`, `measured` after `measured`. */
export interface Answer {
  readonly counts: Counts;
  readonly failures?: readonly string[];
  readonly measured?: Measured;
}

/** The clients of one process, wherever that is. */
export interface BenchWorker {
  /** Rejects when the process is gone. */
  ask(command: Command): Promise<Answer>;
  /** Ends the process. */
  end(): Promise<void>;
}

/** Does a share of a run's work in this process. */
export class ShareWorker implements BenchWorker {
  readonly #share: Share;
  readonly #platform: BenchPlatform;
  readonly #tally = new Tally();
  readonly #work: Work;
  #pace: Pace | undefined;

  constructor(settings: BenchSettings, share: Share, platform: BenchPlatform) {
    this.#share = share;
    this.#platform = platform;
    this.#work = makeWork({ settings, share, platform, tally: this.#tally });
  }

  async ask(command: Command): Promise<Answer> {
    switch (command.do) {
      case "open":
        return { counts: this.#tally.counts, failures: await this.#work.open() };
      case "measure":
        this.#tally.measure(command.fromMs, command.untilMs);
        this.#platform.busyShare();
        break;
      case "load":
        this.#load(command.schedule);
        break;
      case "stop":
        this.#pace?.finish();
        break;
      case "measured": {
        const measured = this.#tally.measured(this.#platform.busyShare());
        return { counts: measured.counts, measured };
      }
      case "cut":
        this.#work.cut();
        break;
      case "miss":
        await this.#work.miss(command.count);
        break;
      case "close":
        this.#pace?.stop();
        this.#work.close();
        break;
      case "counts":
    }
    return { counts: { ...this.#tally.counts } };
  }

  async end(): Promise<void> {
    this.#pace?.stop();
    this.#work.close();
  }

  #load(schedule: Schedule): void {
    this.#pace?.stop();
    this.#pace = new Pace(this.#platform.clock, schedule, this.#share, (dueMs, number) =>
      this.#work.act(dueMs, number),
    );
    this.#pace.start();
  }
}
