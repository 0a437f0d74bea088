import { isFailure } from "@holdfast/broker";
import type { Timer } from "@holdfast/core";
import type { Failure } from "@holdfast/protocol";
import type { HubContext } from "./context.js";
import type { SharedPage } from "./history-reads.js";
import type { GiveBack } from "./page-budget.js";
import type { Sink } from "./sink.js";

const INTERNAL_ERROR = 4008;
/** The close code of a reader that takes nothing of its replay. */
const SLOW_READER = 4001;

/**
 * The pages of history that one replay reads for its connection: one at a time, because a page is judged by the cursor it
 * was asked for, and each with its share of the process's budget until the connection has taken it.
 */
export class ReplayPages {
  readonly #channel: string;
  readonly #sink: Sink;
  readonly #context: HubContext;
  #reading = false;
  #ended = false;
  /** Held from the read of a page until the connection has taken it. */
  #giveBack: GiveBack | undefined;
  #stall: Timer | undefined;

  constructor(channel: string, sink: Sink, context: HubContext) {
    this.#channel = channel;
    this.#sink = sink;
    this.#context = context;
  }

  get reading(): boolean {
    return this.#reading;
  }

  read(after: number, done: (page: SharedPage | Failure) => void): void {
    const { budget, reads, settings } = this.#context;
    this.#reading = true;
    budget.take((giveBack) => {
      if (this.#ended) {
        giveBack();
        return;
      }
      this.#giveBack = giveBack;
      reads.read(
        {
          channel: this.#channel,
          after,
          maxCount: settings.replayPageEntries,
          maxBytes: settings.replayPageBytes,
        },
        {
          wanted: () => !this.#ended,
          done: (page) => {
            this.#reading = false;
            if (isFailure(page)) giveBack();
            try {
              done(page);
            } catch (error) {
              this.#sink.fail(INTERNAL_ERROR);
              throw error;
            }
          },
        },
      );
    });
  }

  /**
   * Goes on as soon as the connection's queue has room, at once where it has. A reader that takes
   * nothing must not hold a share of the process's budget for ever. While one waits, others do not.
   */
  whenRoom(go: () => void): void {
    const { clock, settings } = this.#context;
    const sink = this.#sink;
    if (sink.hasRoom) {
      go();
      return;
    }
    if (this.#stall !== undefined) return;
    this.#stall = clock.after(settings.replayStallMs, () => sink.fail(SLOW_READER));
    sink.whenRoom(() => {
      this.#stall?.cancel();
      this.#stall = undefined;
      if (!this.#ended) this.whenRoom(go);
    });
  }

  /** The connection has taken the last page, or it is of no use. */
  giveBack(): void {
    this.#giveBack?.();
  }

  /** Nothing is read or called back from here on. */
  end(): void {
    this.#ended = true;
    this.#stall?.cancel();
    this.giveBack();
  }
}
