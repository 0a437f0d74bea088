import { type Clock, fullJitter, type Random, type Timer } from "@holdfast/core";
import type { ListeningMessage } from "./role.js";

/** Where a worker listens. */
export type WorkerListening = ListeningMessage["listening"];

/** One worker process, as the supervisor sees it. */
export interface WorkerProcess {
  readonly pid: number;
  /** Asks it to drain and end. */
  stop(): void;
  /** Ends it at once. */
  kill(): void;
}

/** What a worker process tells its supervisor. Nothing follows `ended`. */
export interface WorkerEvents {
  listening(where: WorkerListening): void;
  /** `how`: an exit code or a signal, in words. */
  ended(how: string): void;
}

/** What happens to the workers, for whoever watches. */
export type SupervisorEvent =
  | { readonly kind: "again"; readonly number: number; readonly pid: number }
  | {
      readonly kind: "ended";
      readonly number: number;
      readonly how: string;
      readonly againMs: number;
    }
  | { readonly kind: "killed"; readonly number: number };

/** What a supervisor is made of. */
export interface SupervisorOptions {
  readonly count: number;
  readonly clock: Clock;
  readonly random: Random;
  /** Patience for a worker that was asked to end. */
  readonly stopMs: number;
  /** Starts a worker; `port`: where the others listen, once one does. */
  start(number: number, port: number | undefined, events: WorkerEvents): WorkerProcess;
  onEvent(event: SupervisorEvent): void;
}

/** First wait before a worker is started again; doubles each time it ends early. */
const backoffMinMs = 200;
const backoffMaxMs = 30_000;
/** A worker that served this long did not end early. */
const stableMs = 10_000;

interface Slot {
  readonly number: number;
  state: "down" | "starting" | "up" | "waiting";
  process: WorkerProcess | undefined;
  timer: Timer | undefined;
  /** Early ends in a row. */
  failures: number;
  upMs: number;
}

/**
 * Keeps a fixed number of workers running: the first alone, so that a wrong configuration is reported
 * once, then the others. After that a worker that ends is started again, with backoff, for as long as
 * the supervisor runs.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #slots: readonly Slot[];
  #started = false;
  #stopping = false;
  #port: number | undefined;
  #settleStart: { up: (where: WorkerListening) => void; failed: (why: Error) => void } | undefined;
  #settleStop: (() => void) | undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#slots = Array.from({ length: options.count }, (_, index) => ({
      number: index + 1,
      state: "down",
      process: undefined,
      timer: undefined,
      failures: 0,
      upMs: 0,
    }));
  }

  /** Settles when all listen; rejects, with none left, when one ends before that. */
  start(): Promise<WorkerListening> {
    return new Promise((up, failed) => {
      this.#settleStart = { up, failed };
      const [first] = this.#slots;
      if (first !== undefined) this.#begin(first);
    });
  }

  /** Asks all to drain and end, and settles when all are gone; late ones are killed. */
  stop(): Promise<void> {
    this.#stopping = true;
    for (const slot of this.#slots) slot.timer?.cancel();
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(this.#options.stopMs, () => this.#killAll());
      this.#settleStop = () => {
        timer.cancel();
        resolve();
      };
      for (const { process } of this.#slots) process?.stop();
      this.#lookForTheEnd();
    });
  }

  /** Process ids of the workers that run, by their number. */
  get pids(): ReadonlyMap<number, number> {
    const running = this.#slots.flatMap(({ number, process }) =>
      process === undefined ? [] : [[number, process.pid] as const],
    );
    return new Map(running);
  }

  #begin(slot: Slot): void {
    slot.state = "starting";
    slot.timer = undefined;
    slot.process = this.#options.start(slot.number, this.#port, {
      listening: (where) => this.#up(slot, where),
      ended: (how) => this.#ended(slot, how),
    });
  }

  #up(slot: Slot, where: WorkerListening): void {
    if (slot.state !== "starting") return;
    slot.state = "up";
    slot.upMs = this.#options.clock.monoMs();
    this.#port ??= where.port;
    if (this.#stopping) return;
    if (this.#started) {
      const pid = slot.process?.pid ?? 0;
      this.#options.onEvent({ kind: "again", number: slot.number, pid });
      return;
    }
    if (slot.number === 1) {
      for (const other of this.#slots) if (other.state === "down") this.#begin(other);
    }
    if (!this.#slots.every(({ state }) => state === "up")) return;
    this.#started = true;
    this.#settleStart?.up(where);
  }

  #ended(slot: Slot, how: string): void {
    const wasUp = slot.state === "up";
    slot.process = undefined;
    slot.state = "down";
    if (this.#stopping) {
      this.#lookForTheEnd();
      return;
    }
    if (!this.#started) {
      void this.stop().then(() =>
        this.#settleStart?.failed(new Error(`Worker ${slot.number} ended at the start: ${how}.`)),
      );
      return;
    }
    const served = wasUp && this.#options.clock.monoMs() - slot.upMs >= stableMs;
    slot.failures = served ? 0 : slot.failures + 1;
    this.#beginLater(slot, how);
  }

  #beginLater(slot: Slot, how: string): void {
    const { clock, random, onEvent } = this.#options;
    // At once after good service: whoever was connected is on the way back.
    const attempt = slot.failures - 1;
    const waitMs = attempt < 0 ? 0 : fullJitter(random, backoffMinMs, attempt, backoffMaxMs);
    const againMs = Math.round(waitMs);
    slot.state = "waiting";
    slot.timer = clock.after(againMs, () => this.#begin(slot));
    onEvent({ kind: "ended", number: slot.number, how, againMs });
  }

  #killAll(): void {
    for (const { process, number } of this.#slots) {
      if (process === undefined) continue;
      this.#options.onEvent({ kind: "killed", number });
      process.kill();
    }
  }

  #lookForTheEnd(): void {
    if (this.#slots.every(({ process }) => process === undefined)) this.#settleStop?.();
  }
}
