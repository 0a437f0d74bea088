import type { FoldedMode } from "@holdfast/protocol";
import { type Bounds, contractBounds } from "../checker/bounds.js";
import { checkHistory } from "../checker/check-history.js";
import type { HistoryEvent, HistoryFact } from "../checker/history.js";
import { beginMs, Crowd } from "./crowd.js";
import {
  caughtUp,
  type Quiet,
  readHistories,
  readPresence,
  readStates,
  settled,
} from "./finish.js";
import { Load } from "./load.js";
import { until, within } from "./patience.js";
import { createRecording, type Recording } from "./recording.js";
import { makeReport, type VerifyReport } from "./report.js";
import {
  type FaultInjector,
  refusalOf,
  type VerifyPlatform,
  type VerifySettings,
  verifyLimits,
} from "./settings.js";
import { judgedModes, type StateReader, stateChannels } from "./states.js";
import type { TokenAuthority } from "./withdrawals.js";

/** How far a run is. */
export interface VerifyProgress {
  readonly phase: "connecting" | "running" | "settling" | "judging";
  readonly elapsedMs: number;
  readonly open: number;
  readonly events: number;
  readonly faults: Readonly<Record<string, number>>;
}

/** Everything a run is made of. */
export interface VerifyRun {
  readonly settings: VerifySettings;
  readonly platform: VerifyPlatform;
  readonly faults?: FaultInjector;
  /** Reads states over HTTP; without it only what clients are given and fold is judged. */
  readonly readState?: StateReader;
  /** Gives every client a token of its own and takes it back now and then; without it nothing is revoked. */
  readonly authority?: TokenAuthority;
  readonly onProgress?: (progress: VerifyProgress) => void;
  /** Gives the run up; nothing is judged. */
  readonly signal: AbortSignal;
}

/** A run's outcome; a failure means that nothing was proven either way. */
export type VerifyOutcome =
  | { readonly ok: true; readonly report: VerifyReport; readonly events: readonly HistoryEvent[] }
  | {
      readonly ok: false;
      readonly code: "refused" | "unreachable" | "interrupted" | "unreadable" | "recording_full";
      readonly message: string;
    };

type Refused = Extract<VerifyOutcome, { ok: false }>;

/** Patience for the first connection and the first answers. */
const firstAnswerMs = 15_000;
const progressMs = 1_000;
/** Runs clients against a deployment, records everything, and has the history judged. */
export async function runVerify(run: VerifyRun): Promise<VerifyOutcome> {
  const refusal = refusalOf(run.settings);
  if (refusal !== undefined) return { ok: false, code: "refused", message: refusal };
  const running = new Running(run);
  try {
    return await running.run();
  } finally {
    running.end();
  }
}

class Running {
  readonly #run: VerifyRun;
  readonly #recording: Recording;
  readonly #bounds: Bounds;
  readonly #crowd: Crowd;
  readonly #channels: string[];
  /** Mode of each channel with state. */
  readonly #modes = new Map<string, FoldedMode>();
  readonly #startMs: number;
  #presence = false;
  #phase: VerifyProgress["phase"] = "connecting";
  #over = false;

  constructor(run: VerifyRun) {
    const { settings, platform, signal, readState, authority } = run;
    const { clock } = platform;
    this.#run = run;
    this.#startMs = clock.monoMs();
    this.#recording = createRecording(() => clock.monoMs(), verifyLimits.maxEvents);
    this.#bounds = { ...contractBounds, ...settings.bounds };
    this.#channels = Array.from({ length: settings.channels }, (_, index) => {
      return `${settings.namespace}:${settings.run}-${index + 1}`;
    });
    this.#crowd = new Crowd({
      settings,
      platform,
      signal,
      record: (fact) => this.#record(fact),
      channels: this.#channels,
      modeOf: (channel) => this.#modes.get(channel),
      ...(readState !== undefined && { readState }),
      ...(authority !== undefined && { authority }),
    });
    this.#report();
  }

  async run(): Promise<VerifyOutcome> {
    const refused = (await this.#open()) ?? (await this.#begin());
    if (refused !== undefined) return refused;
    await this.#work();
    this.#phase = "settling";
    const quiet = this.#quiet();
    await settled(quiet);
    const caughtUpMs = await caughtUp(quiet);
    const unread = await readHistories(quiet);
    if (unread !== undefined && !this.#run.signal.aborted) {
      return refuse(
        "unreadable",
        `A final history could not be read (${unread}); nothing can be judged.`,
      );
    }
    await readStates(quiet);
    if (this.#presence) await readPresence(quiet, this.#crowd.entered);
    const findings = this.#crowd.endings();
    if (this.#run.signal.aborted) return interrupted;
    if (this.#recording.overflowed) {
      return refuse(
        "recording_full",
        `More than ${verifyLimits.maxEvents} events; take less load.`,
      );
    }
    return this.#judge(caughtUpMs, findings);
  }

  /** Frees everything; nothing is recorded from here on. */
  end(): void {
    this.#over = true;
    this.#crowd.end();
  }

  #judge(caughtUpMs: number | undefined, endings: readonly string[]): VerifyOutcome {
    this.#phase = "judging";
    const { settings, faults, platform } = this.#run;
    const events = [...this.#recording.events];
    const report = makeReport({
      settings,
      events,
      verdict: checkHistory(events, { bounds: this.#bounds }),
      elapsedMs: platform.clock.monoMs() - this.#startMs,
      faults: faults?.counts ?? {},
      findings: [...(faults?.findings ?? []), ...endings],
      caughtUpMs,
      presenceJudged: this.#presence,
      modesJudged: [...new Set(this.#modes.values())],
    });
    return { ok: true, report, events };
  }

  #record(fact: HistoryFact): void {
    if (!this.#over) this.#recording.record(fact);
  }

  /** The first connection, and whether the channels can be judged at all. */
  async #open(): Promise<Refused | undefined> {
    const { clock } = this.#run.platform;
    const { url, namespace } = this.#run.settings;
    const channel = this.#channels[0] ?? "";
    const history = await within(
      clock,
      firstAnswerMs,
      this.#crowd.auditor.client.channel(channel).history({ limit: 1 }),
    );
    if (this.#run.signal.aborted) return interrupted;
    if (history === undefined) {
      const { reason } = this.#crowd.auditor.client.state;
      const why = reason === undefined ? "no answer" : reason;
      return refuse("unreachable", `${url} does not take a connection (${why}).`);
    }
    if (!history.ok) {
      return refuse(
        "refused",
        `${history.code}: ${history.message} The run needs channels with history under ${namespace}:*, and the right to subscribe, publish and read history there.`,
      );
    }
    const presence = this.#crowd.auditor.client.channel(channel).presence;
    const entered = await within(clock, firstAnswerMs, presence.enter());
    this.#presence = entered?.ok === true;
    if (this.#presence) await within(clock, firstAnswerMs, presence.leave());
    for (const mode of judgedModes) await this.#openMode(mode);
    return undefined;
  }

  /** Adds channels with state, where the deployment has them and permits it. */
  async #openMode(mode: FoldedMode): Promise<void> {
    const { settings, platform } = this.#run;
    const names = stateChannels(settings.namespace, settings.run, mode);
    for (const name of names) this.#modes.set(name, mode);
    const begun = names.map((name) => this.#crowd.auditor.subscribe(name).catch(() => undefined));
    await within(platform.clock, firstAnswerMs, Promise.all(begun));
    const isThere = names.every(
      (name) => this.#crowd.auditor.client.channel(name).state !== undefined,
    );
    if (isThere) this.#channels.push(...names);
    else for (const name of names) this.#modes.delete(name);
  }

  /** Connects the clients and waits until all have what they ask for. */
  async #begin(): Promise<Refused | undefined> {
    const begun = await this.#crowd.begin(this.#presence);
    if (begun === "all") return undefined;
    if (begun === "interrupted") return interrupted;
    if (begun !== "not_all") return refuse("refused", begun.refused);
    return refuse("unreachable", `Not every client could subscribe within ${beginMs} ms.`);
  }

  /** Load and faults for the time asked for, then the end of all faults. */
  async #work(): Promise<void> {
    const { settings, platform, faults, signal } = this.#run;
    const { clock, random } = platform;
    this.#phase = "running";
    const load = new Load({
      clock,
      random,
      clients: this.#crowd.clients,
      channels: this.#channels,
      publishesPerSecond: settings.publishesPerSecond,
      dropsPerSecond: settings.dropsPerSecond,
      full: () => this.#recording.nearlyFull,
      isPermitted: ({ name }) => this.#crowd.withdrawals?.isWithout(name) !== true,
      hasState: (channel) => this.#modes.has(channel),
    });
    load.start();
    faults?.start((fact) => this.#record(fact));
    this.#crowd.withdrawals?.start(this.#crowd.clients.map(({ name }) => name));
    await until(clock, () => load.stoppedEarly, {
      withinMs: settings.durationMs,
      everyMs: 100,
      signal,
    });
    load.stop();
    await this.#crowd.withdrawals?.stop();
    await faults?.stop();
    this.#record({ kind: "healed" });
  }

  #quiet(): Quiet {
    return {
      clock: this.#run.platform.clock,
      signal: this.#run.signal,
      auditor: this.#crowd.auditor,
      clients: this.#crowd.clients,
      channels: this.#channels,
      modeOf: (channel) => this.#modes.get(channel),
      bounds: this.#bounds,
      healedMs: this.#run.platform.clock.monoMs(),
      record: (fact) => this.#record(fact),
    };
  }

  #report(): void {
    const { onProgress, faults, platform } = this.#run;
    if (this.#over || onProgress === undefined) return;
    onProgress({
      phase: this.#phase,
      elapsedMs: platform.clock.monoMs() - this.#startMs,
      open: this.#crowd.clients.filter((client) => client.isOpen).length,
      events: this.#recording.events.length,
      faults: faults?.counts ?? {},
    });
    platform.clock.after(progressMs, () => this.#report());
  }
}

const interrupted = refuse("interrupted", "Interrupted; nothing was judged.");

function refuse(code: Refused["code"], message: string): Refused {
  return { ok: false, code, message };
}
