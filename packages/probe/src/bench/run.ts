import type { Clock } from "@holdfast/core";
import { pause } from "../verify/patience.js";
import { type BenchReport, makeReport, type RampStep } from "./report.js";
import type { ServerSample, ServerWatch } from "./server-watch.js";
import { type BenchSettings, benchLimits, refusalOf } from "./settings.js";
import { addCounts, type Counts, type Measured, noCounts } from "./tally.js";
import { type Total, totalOf } from "./total.js";
import type { Answer, BenchWorker, Command } from "./worker.js";

/** How far a run is. */
export interface BenchProgress {
  readonly phase: "connecting" | "warming up" | "measuring" | "settling";
  readonly elapsedMs: number;
  readonly counts: Counts;
  /** Operations per second that are asked for now; 0: none. */
  readonly perSecond: number;
}

/** Everything a run is made of. */
export interface BenchRun {
  readonly settings: BenchSettings;
  readonly clock: Clock;
  readonly workers: readonly BenchWorker[];
  readonly server: ServerWatch;
  readonly onProgress?: (progress: BenchProgress) => void;
  /** Ends the run early; what was measured until then is not reported. */
  readonly signal: AbortSignal;
}

/** A run's outcome. */
export type BenchOutcome =
  | { readonly ok: true; readonly report: BenchReport }
  | {
      readonly ok: false;
      /** `broken`: a process of the benchmark itself failed. */
      readonly code: "refused" | "unreachable" | "interrupted" | "broken";
      readonly message: string;
    };

/** Time between two looks at the counts. */
const lookMs = 250;
/** Nothing has moved for so long: nothing more will come. */
const stillMs = 3_000;
/** Longest wait for what is on its way. */
const settleMs = 60_000;
/** Before the first operation, so that every process has begun. */
const headStartMs = 100;
/** Each step of a ramp is so many times the one before. */
const rampFactor = 1.5;

/** Runs a scenario against a server and measures it. */
export async function runBench(run: BenchRun): Promise<BenchOutcome> {
  const refusal = refusalOf(run.settings);
  if (refusal !== undefined) return { ok: false, code: "refused", message: refusal };
  return new Coordinator(run).run();
}

class Coordinator {
  readonly #run: BenchRun;
  readonly #startMs: number;
  readonly #warnings: string[] = [];
  readonly #steps: RampStep[] = [];
  #phase: BenchProgress["phase"] = "connecting";
  #perSecond = 0;
  #empty: ServerSample | undefined;
  #before: ServerSample | undefined;
  #after: ServerSample | undefined;
  #openMs = 0;
  #windowMs = 0;
  #over = false;

  constructor(run: BenchRun) {
    this.#run = run;
    this.#startMs = run.clock.monoMs();
  }

  async run(): Promise<BenchOutcome> {
    this.#report();
    try {
      return await Promise.race([this.#work(), interrupted(this.#run.signal)]);
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      return { ok: false, code: "broken", message };
    } finally {
      this.#over = true;
    }
  }

  async #work(): Promise<BenchOutcome> {
    const { settings, workers } = this.#run;
    const unreachable = await this.#open();
    if (unreachable !== undefined) return unreachable;
    const total = await this.#measure();
    const report = makeReport({
      settings,
      processes: workers.length,
      total,
      windowMs: this.#windowMs,
      openMs: this.#openMs,
      empty: this.#empty,
      before: this.#before,
      after: this.#after,
      steps: this.#steps,
      warnings: this.#warnings,
    });
    return { ok: true, report };
  }

  async #open(): Promise<BenchOutcome | undefined> {
    const { settings, server, clock } = this.#run;
    this.#empty = await server.sample();
    const beganMs = clock.monoMs();
    const answers = await this.#ask({ do: "open" });
    this.#openMs = clock.monoMs() - beganMs;
    const failures = answers.flatMap((answer) => answer.failures ?? []);
    if (failures.length === 0) return undefined;
    const codes = [...new Set(failures)].slice(0, 5).join(", ");
    if (failures.length >= settings.connections) {
      const message = `Nobody could connect and subscribe to ${settings.url}: ${codes}.`;
      return { ok: false, code: "unreachable", message };
    }
    this.#warnings.push(`${failures.length} of ${settings.connections} could not begin: ${codes}.`);
    return undefined;
  }

  #measure(): Promise<Total> {
    const { scenario, perSecond } = this.#run.settings;
    if (scenario === "idle") return this.#hold();
    if (scenario === "storm") return this.#storm();
    if (scenario === "ramp") return this.#ramp();
    return this.#load(perSecond);
  }

  /** Open-loop load at one rate. */
  async #load(perSecond: number): Promise<Total> {
    const { settings, clock, server } = this.#run;
    const startMs = clock.monoMs() + headStartMs;
    const fromMs = startMs + settings.warmupMs;
    const untilMs = fromMs + settings.durationMs;
    this.#phase = "warming up";
    this.#perSecond = perSecond;
    await this.#ask({ do: "measure", fromMs, untilMs });
    await this.#ask({ do: "load", schedule: { perSecond, startMs, untilMs } });
    await this.#until(fromMs);
    this.#phase = "measuring";
    this.#before = await server.sample();
    await this.#until(untilMs);
    this.#after = await server.sample();
    this.#phase = "settling";
    this.#perSecond = 0;
    await this.#ask({ do: "stop" });
    await this.#settle();
    this.#windowMs = settings.durationMs;
    return this.#total();
  }

  /** Nothing but being connected. */
  async #hold(): Promise<Total> {
    const { settings, clock, server } = this.#run;
    this.#phase = "measuring";
    const fromMs = clock.monoMs();
    await this.#ask({ do: "measure", fromMs, untilMs: Number.MAX_SAFE_INTEGER });
    this.#before = await server.sample();
    await this.#until(fromMs + settings.durationMs);
    this.#after = await server.sample();
    this.#windowMs = settings.durationMs;
    return this.#total();
  }

  /** Everybody loses the connection, misses something and comes back. */
  async #storm(): Promise<Total> {
    const { settings, clock, server, workers } = this.#run;
    this.#phase = "measuring";
    const fromMs = clock.monoMs();
    await this.#ask({ do: "measure", fromMs, untilMs: Number.MAX_SAFE_INTEGER });
    this.#before = await server.sample();
    await this.#ask({ do: "cut" });
    await workers[0]?.ask({ do: "miss", count: settings.missed });
    await this.#settle();
    this.#after = await server.sample();
    this.#windowMs = Math.max(1, clock.monoMs() - fromMs);
    return this.#total();
  }

  /** The same load, half as much again each time, until it is too much. */
  async #ramp(): Promise<Total> {
    const { settings, signal } = this.#run;
    let perSecond = settings.perSecond;
    for (;;) {
      const total = await this.#load(perSecond);
      const over = this.#tooMuch(total);
      const { p99Ms } = total.latency;
      this.#steps.push({ perSecond, p99Ms, ...(over === undefined ? {} : { over }) });
      const next = Math.round(perSecond * rampFactor);
      const isLast = this.#steps.length >= benchLimits.maxRampSteps;
      if (over !== undefined || isLast || next > benchLimits.maxPerSecond || signal.aborted) {
        return total;
      }
      perSecond = next;
    }
  }

  #tooMuch({ latency, counts, failures, busiestShare }: Total): string | undefined {
    const { p99LimitMs } = this.#run.settings;
    const [failure] = Object.keys(failures);
    if (failure !== undefined) return `operations failed with ${failure}`;
    if (counts.received < counts.expected) {
      return `${counts.expected - counts.received} did not arrive`;
    }
    if (latency.p99Ms <= p99LimitMs) return undefined;
    const whose = busiestShare > 0.9 ? " (the client was busy; it may be its limit)" : "";
    return `p99 was ${latency.p99Ms} ms${whose}`;
  }

  /** Waits until everything that was asked for has come, or nothing comes any more. */
  async #settle(): Promise<void> {
    const { clock, signal } = this.#run;
    const endMs = clock.monoMs() + settleMs;
    let seen = -1;
    let movedMs = clock.monoMs();
    while (!signal.aborted && clock.monoMs() < endMs) {
      const counts = await this.#counts();
      if (counts.answered >= counts.sent && counts.received >= counts.expected) return;
      const nowMs = clock.monoMs();
      if (counts.received + counts.answered !== seen) movedMs = nowMs;
      if (nowMs - movedMs > stillMs && !this.#returning(counts)) return;
      seen = counts.received + counts.answered;
      await pause(clock, lookMs, signal);
    }
  }

  /** A real client waits before it comes back; that is no standstill. */
  #returning(counts: Counts): boolean {
    return this.#run.settings.scenario === "storm" && counts.resumed < counts.opened;
  }

  async #counts(): Promise<Counts> {
    const counts = noCounts();
    for (const answer of await this.#ask({ do: "counts" })) addCounts(counts, answer.counts);
    return counts;
  }

  async #total(): Promise<Total> {
    const answers = await this.#ask({ do: "measured" });
    return totalOf(answers.map((answer) => answer.measured).filter(isMeasured));
  }

  #ask(command: Command): Promise<readonly Answer[]> {
    return Promise.all(this.#run.workers.map((worker) => worker.ask(command)));
  }

  #until(ms: number): Promise<void> {
    const { clock, signal } = this.#run;
    return pause(clock, Math.max(0, ms - clock.monoMs()), signal);
  }

  /** Says how far it is, once a second, until the end. */
  #report(): void {
    const { clock, onProgress } = this.#run;
    if (onProgress === undefined) return;
    const tell = async (): Promise<void> => {
      if (this.#over) return;
      const counts = await this.#counts().catch(() => undefined);
      if (this.#over || counts === undefined) return;
      const elapsedMs = clock.monoMs() - this.#startMs;
      onProgress({ phase: this.#phase, elapsedMs, counts, perSecond: this.#perSecond });
      clock.after(1_000, () => void tell());
    };
    clock.after(1_000, () => void tell());
  }
}

const isMeasured = (part: Measured | undefined): part is Measured => part !== undefined;

function interrupted(signal: AbortSignal): Promise<BenchOutcome> {
  const message = "Interrupted; nothing is reported.";
  return new Promise((resolve) => {
    const end = () => resolve({ ok: false, code: "interrupted", message });
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
}
