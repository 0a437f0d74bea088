import type { Clock, Timer } from "@holdfast/core";

/** The farthest a wall clock is ever from the true time, in milliseconds, however often it jumps. */
const maxWallErrorMs = 1_500;

/**
 * One simulated process: it can be stopped in its tracks (SIGSTOP), go on, and be killed. What
 * would have run while it was stopped runs in the same order when it goes on; what a killed one
 * had in mind never happens.
 */
export class SimProcess {
  readonly name: string;
  readonly clock: Clock;
  readonly #held: (() => void)[] = [];
  #state: "running" | "stopped" | "dead" = "running";
  #wallOffsetMs = 0;

  constructor(name: string, base: Clock) {
    this.name = name;
    this.clock = {
      wallMs: () => base.wallMs() + this.#wallOffsetMs,
      monoMs: () => base.monoMs(),
      after: (delayMs, callback): Timer => {
        let called = false;
        const timer = base.after(delayMs, () =>
          this.enter(() => {
            if (called) return;
            callback();
          }),
        );
        return {
          cancel: () => {
            called = true;
            timer.cancel();
          },
        };
      },
      soon: (callback) => base.soon(() => this.enter(callback)),
    };
  }

  get alive(): boolean {
    return this.#state !== "dead";
  }

  get running(): boolean {
    return this.#state === "running";
  }

  /** Runs something inside the process: now, when it goes on, or never. */
  enter(callback: () => void): void {
    if (this.#state === "running") callback();
    else if (this.#state === "stopped") this.#held.push(callback);
  }

  stop(): void {
    if (this.#state === "running") this.#state = "stopped";
  }

  goOn(): void {
    if (this.#state !== "stopped") return;
    this.#state = "running";
    const held = this.#held.splice(0);
    for (const [index, callback] of held.entries()) {
      // One of the callbacks may stop or kill the process again.
      if (this.running) callback();
      else this.#held.push(...held.slice(index, index + 1));
    }
  }

  kill(): void {
    this.#state = "dead";
    this.#held.length = 0;
  }

  /**
   * Sets this process's wall clock forward or back, never farther from the true time than
   * `maxWallErrorMs`: tokens are judged by it, and no gateway can know that its clock is wrong.
   */
  jumpWall(ms: number): void {
    const errorMs = this.#wallOffsetMs + ms;
    this.#wallOffsetMs = Math.max(-maxWallErrorMs, Math.min(maxWallErrorMs, errorMs));
  }
}
